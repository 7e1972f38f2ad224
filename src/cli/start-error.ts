/** Says of a server that does not start which setting is to blame. */
import type { Config } from "../config/schema.ts";
import { OperatorError } from "./terminal.ts";

/** An error for operators where the cause is known, else the error as it is. */
export function explainStartError(error: unknown, { listen }: Config): unknown {
  const { code, port, syscall, address, hostname } = (error ?? {}) as ListenError;
  const { name, choice } = listeners.find((listener) => listener.name !== "c2s" && port === listen[listener.name].port) ?? listeners[0];
  if (code === "EADDRINUSE") {
    const problem = `${port} on ${"address" in listen[name] ? listen[name].address : listen.address} is in use by another program`;
    return new OperatorError(`listen.${name}.port: ${problem}; stop it, or choose another port ${choice} (0 picks a free one)`);
  }
  if (code === "EACCES" && syscall === "listen") {
    const problem = `this user may not listen on ${port}`;
    return new OperatorError(`listen.${name}.port: ${problem}; choose a port from 1024 ${choice}, or grant the right`);
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EAI_AGAIN") {
    // The same address would have been refused to the listeners before it.
    const other = (["http", "components"] as const).find((name) => listen[name].address !== listen.address && listen[name].address === (address ?? hostname));
    const [path, fix] = other === undefined ? ["listen.address", "choose one with --host"] : [`listen.${other}.address`, "choose another, such as 127.0.0.1"];
    return new OperatorError(`${path}: ${address ?? hostname ?? listen.address} is no address of this machine (${code}); ${fix}`);
  }
  return error;
}

interface ListenError extends NodeJS.ErrnoException {
  readonly port?: number;
  readonly address?: string;
  readonly hostname?: string;
}

const listeners = [
  { name: "c2s", choice: "with --port" },
  { name: "c2sTls", choice: "with --tls-port" },
  { name: "http", choice: "with --http-port" },
  { name: "components", choice: "there" },
] as const;
