/** The machine's effects and states in the words of the rules (src/testing/oracle). */
import type { SessionSnapshot } from "../../../machines/fold.ts";
import type { ElementData, SessionEffect } from "../../../machines/session-events.ts";
import type { Action } from "../../../src/testing/oracle/stream-oracle.ts";
import type { Phase } from "../../../src/testing/oracle/stream-rules.ts";

/** What of the server's words the machine has a part in. */
export function control(words: readonly string[], action: Action): readonly string[] {
  const binds = action.startsWith("bind");
  return words
    .filter((word) => word !== "gone" && !word.startsWith("a h=") && (binds || !/^(iq|message|presence|bound) /.test(word)))
    .flatMap((word) => (word.startsWith("success ") ? parts[word.split(" ")[1]!]! : [word]))
    .map((word) => word.replace(/^(features|resumed) .*/, "$1").replace(/ h=\d+$/, "").replace(/ handled-count-too-high.*/, ""));
}

/** What the machine asks for one by one and the host puts into one word, by what comes first in that. */
const parts: Readonly<Record<string, readonly string[]>> = { bound: ["success"], failed: ["success"], enabled: ["enabled resumable", "success"], resumed: ["resumed"] };

export function wordsOf(effect: SessionEffect): readonly string[] {
  switch (effect.type) {
    case "open.stream":
      return [`header${effect.to === null ? "" : ` to ${effect.to}`}${effect.versioned ? "" : " without version"}`];
    case "offer.features":
      return ["features"];
    case "send.element":
      return [elementWord(effect.element)];
    case "enable.management":
      return [effect.resumptionMs > 0 ? "enabled resumable" : "enabled"];
    case "confirm.login":
      return ["success"];
    case "resend.queue":
      return ["resumed"];
    case "close.stream":
      return effect.condition === null ? ["end"] : [`stream error ${effect.condition}`, "end"];
    default:
      return [];
  }
}

function elementWord({ name, attrs, children }: ElementData): string {
  const first = children.find((child) => typeof child !== "string");
  switch (name) {
    case "proceed":
    case "challenge":
    case "success":
      return name;
    case "failure":
      return first === undefined ? "tls failure" : `failure ${first.name}`;
    case "failed":
      return `failed ${first?.name}`;
    case "iq":
      if (attrs["type"] === "result") return `bound ${attrs["id"]} as ${textOf(first).replace(/^[^/]*\//, "")}`;
      return `iq error ${first?.children.find((child) => typeof child !== "string")?.name} ${attrs["id"]}`;
    default:
      return name;
  }
}

function textOf(element: ElementData | undefined): string {
  return (element?.children ?? []).map((child) => (typeof child === "string" ? child : textOf(child))).join("");
}

/** Whether a session in that state has a stream in that phase. */
export function isIn(phase: Phase, snapshot: SessionSnapshot): boolean {
  const { context: { secure, management } } = snapshot;
  const attached = (counts: typeof management) => snapshot.matches({ connected: { link: "attached" } }) && management === counts;
  switch (phase) {
    case "opening":
      return snapshot.matches("awaitingStream") && !secure;
    case "opening over TLS":
      return snapshot.matches("awaitingStream") && secure;
    case "offered":
    case "TLS required":
      return snapshot.matches({ negotiating: "offering" }) && !secure;
    case "offered over TLS":
    case "offered over TLS as another":
      return snapshot.matches({ negotiating: "offering" }) && secure;
    case "securing":
      return snapshot.matches({ negotiating: "securing" });
    case "authenticating":
      return snapshot.matches({ negotiating: "authenticating" }) && !secure;
    case "authenticating over TLS":
      return snapshot.matches({ negotiating: "authenticating" }) && secure;
    case "signing in":
      return snapshot.matches({ negotiating: "signingIn" }) && secure;
    case "authenticated":
      return snapshot.matches({ authenticated: "awaitingRestart" });
    case "restarted":
      return snapshot.matches({ authenticated: { binding: "idle" } });
    case "bound":
      return attached("off");
    case "counting":
      return attached("on");
    case "resumable":
      return attached("resumable");
    case "lost":
      return snapshot.matches({ connected: { link: "hibernating" } });
    case "closing":
      return snapshot.matches("closing");
    case "closed":
      return snapshot.matches("closing") || snapshot.matches("closed");
  }
}
