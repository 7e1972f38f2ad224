/** The forms that a session is exported in. Loaded when somebody exports: it is much, and seldom needed. */
import { exportMermaid } from "../../history/export/mermaid.ts";
import { pseudonymised } from "../../history/export/pseudonyms.ts";
import { exportJson, exportName, exportOf } from "../../history/export/session-export.ts";
import { exportTest } from "../../history/export/test-file.ts";
import type { Recording } from "../model/contract.ts";

export type FormatName = "JSON" | "Mermaid" | "Test";

const formats = {
  JSON: { extension: "json", make: exportJson },
  Mermaid: { extension: "mmd", make: exportMermaid },
  Test: { extension: "test.ts", make: exportTest },
} as const;

/** A file of the recording as it is now. `at`: ms since 1970. Throws if its snapshots are of a machine that this one cannot continue. */
export function exportFile(recording: Recording, format: FormatName, hidden: boolean, at: number): { readonly name: string; readonly text: string } {
  const whole = exportOf(recording, at);
  const exported = hidden ? pseudonymised(whole) : whole;
  const { extension, make } = formats[format];
  return { name: `${exportName(exported)}.${extension}`, text: make(exported) };
}
