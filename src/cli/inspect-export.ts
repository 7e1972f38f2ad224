/** `refrain inspect SESSION --export FILE`. */
import type { ConfigFlags } from "../config/load.ts";
import { HistoryError } from "../history/errors.ts";
import { exportMermaid } from "../history/export/mermaid.ts";
import { pseudonymised } from "../history/export/pseudonyms.ts";
import { exportJson, type SessionExport } from "../history/export/session-export.ts";
import { exportTest } from "../history/export/test-file.ts";
import { openExport } from "./export-file.ts";
import { exportFromLog, isFileName, readExport } from "./recorded-session.ts";
import { note, OperatorError, UsageError } from "./terminal.ts";

const formats: Readonly<Record<string, (exported: SessionExport) => string>> = { json: exportJson, mermaid: exportMermaid, test: exportTest };

/** `what` may be a file that was exported before, to have it in another form or under other names. Rejects with UsageError or OperatorError. */
export async function exportSession(asked: {
  readonly what: string;
  readonly file: string;
  readonly format: string;
  readonly pseudonyms: boolean;
  /** A file of that name is replaced. */
  readonly force: boolean;
  readonly flags: ConfigFlags;
}): Promise<void> {
  const { what, file, format, pseudonyms, force, flags } = asked;
  const write = Object.hasOwn(formats, format) ? formats[format] : undefined;
  if (write === undefined) throw new UsageError(`--format: expected ${Object.keys(formats).join(", ")}, got ${JSON.stringify(format)}`);
  const found = isFileName(what) ? await readExport(what) : await exportFromLog(what, flags);
  const exported = pseudonyms ? pseudonymised(found) : found;
  const text = inWords(() => write(exported));
  const output = await openExport(file, force);
  try {
    await output.write(text);
    await output.finish();
  } catch (error) {
    await output.discard();
    throw error;
  }
  if (file !== "-") note(`${file}: session ${exported.session.id}, ${exported.facts.length} facts of its log${pseudonyms ? ", under other names" : ""}`);
}

/** What the past cannot tell is said as it is. */
function inWords(make: () => string): string {
  try {
    return make();
  } catch (error) {
    throw error instanceof HistoryError ? new OperatorError(error.message) : error;
  }
}
