/** The features of a stream (RFC 6120 section 4.3.2): those that negotiation itself needs; the rest comes from extensions. */
import { el } from "../xml/stanza.ts";
import type { Element } from "../xml/element.ts";
import type { FeatureStage } from "./environment.ts";

export function streamFeatures(stage: FeatureStage, fromExtensions: readonly Element[]): Element {
  const own = stage.stage === "unauthenticated" ? [startTls(stage), mechanisms(stage)] : [bind()];
  return el("stream:features", {}, ...own, ...fromExtensions);
}

/** RFC 6120 section 5.3.1: mandatory wherever nothing else is offered. */
function startTls(stage: FeatureStage): Element | undefined {
  if (stage.secure !== null) return undefined;
  const required = stage.mechanisms.length === 0 ? el("required") : undefined;
  return el("starttls", { xmlns: "urn:ietf:params:xml:ns:xmpp-tls" }, required);
}

/** RFC 6120 section 6.4.1. */
function mechanisms(stage: FeatureStage): Element | undefined {
  if (stage.mechanisms.length === 0) return undefined;
  const names = stage.mechanisms.map((name) => el("mechanism", {}, name));
  return el("mechanisms", { xmlns: "urn:ietf:params:xml:ns:xmpp-sasl" }, ...names);
}

/** RFC 6120 section 7.4. */
function bind(): Element {
  return el("bind", { xmlns: "urn:ietf:params:xml:ns:xmpp-bind" });
}
