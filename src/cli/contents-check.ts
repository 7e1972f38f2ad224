/** What is kept beside the log of stanzas: each is one element of XML, for it is sent as it is. That one is taken needs no words. */
import { numberOfQueueKey, numberOfTakenKey, parseQueuedText } from "../domain/session-facts.ts";
import { fixes, type LogCheck, type Report } from "../log/verify/findings.ts";
import type { Content } from "../ports.ts";
import { restoreElement } from "../xml/parse-element.ts";

export class ContentsCheck implements LogCheck {
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  see(): void {}

  content(stream: string, { key, text }: Content): void {
    if (numberOfTakenKey(key) !== undefined) {
      if (text !== "") this.#report({ thing: `content ${key} of ${stream}`, problem: "expected no text", fix: fixes.salvage });
      return;
    }
    if (isStanza(key, text)) return;
    this.#report({ thing: `content ${key} of ${stream}`, problem: "it is not one whole element of XML", fix: fixes.salvage });
  }
}

export function isXml(text: string): boolean {
  try {
    return restoreElement(text) !== undefined;
  } catch {
    return false;
  }
}

function isStanza(key: string, text: string): boolean {
  try {
    return isXml(numberOfQueueKey(key) === undefined ? text : parseQueuedText(text).text);
  } catch {
    return false;
  }
}
