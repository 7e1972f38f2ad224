/** The life of a server process: configuration in, ready line, signals, exit status out. */
import { connectAdmin } from "../admin/connect.ts";
import { prepareDataFolder } from "../config/data-folder.ts";
import type { LoadedConfig } from "../config/load.ts";
import { liveClock } from "../live.ts";
import { StoreLockedError } from "../log/errors.ts";
import type { Log } from "../ports.ts";
import { type RunningServer, type ServerOptions, startServer } from "../server.ts";
import { createLogger } from "./logger.ts";
import { watchParent } from "./node-flags.ts";
import { greeting, readyLine } from "./ready.ts";
import { explainStartError } from "./start-error.ts";
import { exitFailed, exitOk, OperatorError, print, reportError } from "./terminal.ts";

/** What the server's own 5 s may take longer, until the process ends without it. */
const stopTimeoutMs = 6_000;
const retryMs = 100;
/** npm, timeout and terminals deliver one request twice; only a later one is a second request. */
const repeatMs = 1_000;

/** Runs a server until it is told to stop, or fails, and ends the process. Rejects with DataFolderError. */
export async function runServer({ config, sources, warnings }: LoadedConfig): Promise<never> {
  let asked: string | undefined;
  const stopAsked = listenForStop();
  void stopAsked.then((reason) => (asked = reason));
  // Until there is something to reload, and so that it never ends the process.
  process.on("SIGHUP", () => {});
  const { logger, flush } = createLogger(config.log, liveClock);
  for (const warning of warnings) logger.warn(warning);
  if (config.listen.allowPlaintext) {
    logger.warn("listen.allowPlaintext: clients may log in without TLS, so whoever can see loopback traffic can see passwords");
  }
  prepareDataFolder(config.dataDir);
  let server: RunningServer;
  try {
    const started = await startWhenFree({ config, logger }, () => asked !== undefined);
    if (started === undefined) {
      await flush();
      process.exit(exitOk);
    }
    server = started;
  } catch (error) {
    await flush();
    // Whatever may still be open must not keep the process, here and below.
    process.exit(reportError(explainStartError(error, config)));
  }
  process.on("SIGHUP", () => void reload(server, logger));
  print(greeting(config, sources, server, process.stdout.isTTY));
  print(readyLine(server.listeners));
  const failure = await Promise.race([stopAsked, server.failed]);
  if (failure instanceof Error) reportError(failure);
  const stopped = await stop(server, failure instanceof Error ? failure.message : failure);
  await flush();
  process.exit(stopped && !(failure instanceof Error) ? exitOk : exitFailed);
}

/**
 * A server that is just stopping has closed its admin socket and still holds the data folder: it is waited for.
 * undefined: while waiting, this one was asked to stop as well.
 */
async function startWhenFree(options: ServerOptions, isAskedToStop: () => boolean): Promise<RunningServer | undefined> {
  const deadline = liveClock.now() + stopTimeoutMs;
  for (let told = false; ; told = true) {
    try {
      return await startServer(options);
    } catch (error) {
      if (!(error instanceof StoreLockedError) || liveClock.now() >= deadline) throw error;
      const other = await connectAdmin(options.config.dataDir, liveClock);
      other?.close();
      if (other !== undefined) throw error;
      if (isAskedToStop()) return undefined;
      if (!told) options.logger.info({ dataDir: options.config.dataDir }, "another process still has the data folder; waiting for it to stop");
      await new Promise<void>((resolve) => liveClock.at(liveClock.now() + retryMs, resolve, true));
    }
  }
}

/** Resolves with the reason at the first signal; the second ends the process at once. */
function listenForStop(): Promise<string> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    const ask = (reason: string) => {
      if (askedAt === undefined) {
        askedAt = liveClock.now();
        resolve(reason);
      } else if (liveClock.now() - askedAt >= repeatMs) {
        // Not `exit`, which would wait for the store's thread to take itself apart: what is committed is on disk.
        process.kill(process.pid, "SIGKILL");
      }
    };
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => ask(signal));
    watchParent(() => {
      if (askedAt === undefined) ask("the parent process is gone");
    });
  });
}

/** What is wrong with a certificate is in the log already; this is the answer to whoever sent the signal. */
async function reload(server: RunningServer, logger: Log): Promise<void> {
  try {
    const problems = await server.reload();
    if (problems.length === 0) logger.info({ event: "certificates.reloaded" }, "SIGHUP: the certificates have been read again");
    else logger.warn({ event: "certificates.reloaded", problems }, "SIGHUP: the certificates have been read again, not all could be used");
  } catch (error) {
    logger.error({ err: error }, "SIGHUP: the certificates could not be read again; those before stay in use");
  }
}

async function stop(server: RunningServer, reason: string): Promise<boolean> {
  const deadline = liveClock.at(liveClock.now() + stopTimeoutMs, () => {
    reportError(new OperatorError(`server: did not stop within ${stopTimeoutMs / 1000} s; the process ends without it`));
    process.exit(exitFailed);
  });
  try {
    await server.stop(reason);
    return true;
  } catch (error) {
    reportError(error);
    return false;
  } finally {
    deadline.cancel();
  }
}
