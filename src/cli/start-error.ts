/** Says of a server that does not start which setting is to blame. */
import type { Config } from "../config/schema.ts";
import { OperatorError } from "./terminal.ts";

/** An error for operators where the cause is known, else the error as it is. */
export function explainStartError(error: unknown, { listen }: Config): unknown {
  const { code, port, syscall, address, hostname } = (error ?? {}) as ListenError;
  const { name, flag } = listeners.find((listener) => listener.name !== "c2s" && port === listen[listener.name].port) ?? listeners[0];
  if (code === "EADDRINUSE") {
    const problem = `${port} on ${name === "http" ? listen.http.address : listen.address} is in use by another program`;
    return new OperatorError(`listen.${name}.port: ${problem}; stop it, or choose another port with ${flag} (0 picks a free one)`);
  }
  if (code === "EACCES" && syscall === "listen") {
    const problem = `this user may not listen on ${port}`;
    return new OperatorError(`listen.${name}.port: ${problem}; choose a port from 1024 with ${flag}, or grant the right`);
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EAI_AGAIN") {
    // The same address would have been refused to the listeners before it.
    const isHttp = listen.http.address !== listen.address && listen.http.address === (address ?? hostname);
    const [path, fix] = isHttp ? ["listen.http.address", "choose another, such as 127.0.0.1"] : ["listen.address", "choose one with --host"];
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
  { name: "c2s", flag: "--port" },
  { name: "c2sTls", flag: "--tls-port" },
  { name: "http", flag: "--http-port" },
] as const;
