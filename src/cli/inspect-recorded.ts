/** `refrain inspect FILE|SESSION`: the inspector's page on one recorded session, served on loopback until it is ended. */
import type { ConfigFlags } from "../config/load.ts";
import { sessionName } from "../history/subject.ts";
import type { HistorySource, SessionRow } from "../history/source.ts";
import { openInspector } from "../inspector/open.ts";
import { recordedFrames, recordedSource } from "../inspector/recorded.ts";
import { liveClock, liveIds } from "../live.ts";
import { createAdmission } from "../net/admission.ts";
import { listenHttp } from "../net/http.ts";
import { software } from "../software.ts";
import { visible } from "./history-access.ts";
import { createLogger } from "./logger.ts";
import { borrowedHistory, findRecorded, isFileName, readExport } from "./recorded-session.ts";
import { note, print } from "./terminal.ts";

/** Resolves when it is ended, by Ctrl-C or SIGTERM. Rejects with OperatorError. */
export async function inspectRecorded(what: string, flags: ConfigFlags): Promise<void> {
  const { session, history, recorded } = isFileName(what) ? await fromFile(what) : await fromLog(what, flags);
  const { logger: log, flush } = createLogger({ level: "warn", format: "auto" }, liveClock);
  const http = await listenHttp({ address: "127.0.0.1", port: 0, admission: createAdmission({ perAddressMax: 64, clock: liveClock, log }), clock: liveClock, log });
  const inspector = openInspector({
    http, names: [], remote: false, history, software, log,
    observation: () => undefined,
    hosts: session.host === "" ? [] : [session.host],
    bodies: false,
    live: false,
    opened: [session],
    recorded,
    ids: liveIds,
    clock: liveClock,
  });
  const name = session.username === "" ? `session ${session.id}` : `${sessionName(session)}, session ${session.id}`;
  note(`${visible(name)}; open this address in your browser, and end it with Ctrl-C:`);
  print(inspector.url());
  await ended();
  inspector.close();
  await http.close();
  await flush();
}

interface Recorded {
  readonly session: SessionRow;
  readonly history: HistorySource;
  /** Besides what the log tells. */
  readonly recorded: readonly string[];
}

async function fromFile(file: string): Promise<Recorded> {
  const exported = await readExport(file);
  return { session: exported.session, history: recordedSource(exported), recorded: recordedFrames(exported) };
}

async function fromLog(what: string, flags: ConfigFlags): Promise<Recorded> {
  return { session: await findRecorded(what, flags), history: borrowedHistory(flags), recorded: [] };
}

function ended(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}
