/** Says of a server that does not start which setting is to blame. */
import type { Config } from "../config/schema.ts";
import { OperatorError } from "./terminal.ts";

/** An error for operators where the cause is known, else the error as it is. */
export function explainStartError(error: unknown, { listen }: Config): unknown {
  const { code, port, syscall } = (error ?? {}) as NodeJS.ErrnoException & { port?: number };
  const [name, flag] = port === listen.c2sTls.port ? ["c2sTls", "--tls-port"] : ["c2s", "--port"];
  if (code === "EADDRINUSE") {
    const problem = `${port} on ${listen.address} is in use by another program`;
    return new OperatorError(`listen.${name}.port: ${problem}; stop it, or choose another port with ${flag} (0 picks a free one)`);
  }
  if (code === "EACCES" && syscall === "listen") {
    const problem = `this user may not listen on ${port}`;
    return new OperatorError(`listen.${name}.port: ${problem}; choose a port from 1024 with ${flag}, or grant the right`);
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return new OperatorError(`listen.address: ${listen.address} is no address of this machine (${code}); choose one with --host`);
  }
  return error;
}
