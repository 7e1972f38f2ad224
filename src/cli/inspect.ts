import type { Command } from "commander";
import { connectAdmin } from "../admin/connect.ts";
import type { ConfigFlags } from "../config/load.ts";
import { liveClock } from "../live.ts";
import { load, withFolderOptions } from "./options.ts";
import { note, OperatorError, print, UsageError } from "./terminal.ts";

interface InspectFlags extends ConfigFlags {
  /** true: without a URL. */
  readonly stately?: string | true;
  readonly export?: string;
  readonly format?: string;
  readonly pseudonyms?: boolean;
  readonly force?: boolean;
}

export function addInspect(program: Command): void {
  withFolderOptions(program.command("inspect").description("watch sessions in a browser, as they live or as they were"))
    .argument("[WHAT]", "a session by its id or JID, or a file that was exported; without it, the running server")
    .option("--stately [URL]", "send to Stately's inspector in place of ours, by its relay (default: ws://localhost:8080)")
    .option("--export <FILE>", "write the session to a file instead; - is standard output")
    .option("--format <F>", "of the export: json, mermaid or test (default: json)")
    .option("--pseudonyms", "replace names, addresses and texts in the export, and keep what happened")
    .option("--force", "replace the file of the export if it is there")
    .addHelpText(
      "after",
      `
Without WHAT it prints an address for your browser, good once and for ten minutes; \`refrain start\` prints one that is good while it runs,
on a terminal.
Keep both to yourself: whoever has one can watch every session. Texts of stanzas are shown as their length unless the server was started
with --inspect-bodies, passwords and keys never. The inspector is on loopback; from elsewhere take a tunnel: ssh -L 5280:127.0.0.1:5280 HOST

With WHAT it opens the page on that session alone, from its log, whether a server runs or not, until you end it with Ctrl-C.
A file needs neither server nor data folder.

Examples:
  refrain inspect
  refrain inspect romeo@localhost/orchard
  refrain inspect SESSION --export session.json --pseudonyms     something to attach to a report
  refrain inspect session.json
  refrain inspect SESSION --export session.test.ts --format test
  refrain inspect --stately ws://localhost:8080                  what \`createInspectorServer\` of @statelyai/inspect listens on`,
    )
    .action(async (what: string | undefined, { stately, export: file, format, pseudonyms, force, ...flags }: InspectFlags) => {
      const ofExport = Object.entries({ format, pseudonyms, force }).find(([, value]) => value !== undefined)?.[0];
      if (file === undefined && ofExport !== undefined) throw new UsageError(`--${ofExport}: is for an export; name its file with --export`);
      if (file !== undefined) {
        if (what === undefined) throw new UsageError("--export: which session? Name it: refrain inspect SESSION --export FILE; `refrain sessions` shows those that live");
        const { exportSession } = await import("./inspect-export.ts");
        await exportSession({ what, file, format: format ?? "json", pseudonyms: pseudonyms === true, force: force === true, flags });
      } else if (stately !== undefined) {
        const { inspectStately } = await import("./inspect-stately.ts");
        await inspectStately({ url: stately === true ? "ws://localhost:8080" : stately, what, flags });
      } else if (what !== undefined) {
        const { inspectRecorded } = await import("./inspect-recorded.ts");
        await inspectRecorded(what, flags);
      } else {
        print(await freshUrl(flags));
        note("this address is good once, for ten minutes");
      }
    });
}

async function freshUrl(flags: ConfigFlags): Promise<string> {
  const { config } = load(flags);
  const client = await connectAdmin(config.dataDir, liveClock);
  if (client === undefined) {
    const fix = "start one, name its folder with --data, or name a SESSION or a FILE to look at what was recorded";
    throw new OperatorError(`inspect: no server runs on the data folder ${config.dataDir}; ${fix}`);
  }
  return client.inspectorUrl().finally(() => client.close());
}
