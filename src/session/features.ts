/** The features of a stream (RFC 6120 section 4.3.2): those that negotiation itself needs; the rest comes from extensions. */
import { sasl2Namespace } from "../../machines/session-elements.ts";
import { el } from "../xml/stanza.ts";
import type { Element } from "../xml/element.ts";
import type { FeatureStage, StanzaRouter } from "./environment.ts";
import { bind2Namespace, fastNamespace } from "./login-request.ts";

type Announcers = Pick<StanzaRouter, "streamFeatures" | "inlineFeatures" | "bindFeatures">;

export function streamFeatures(stage: FeatureStage, extensions: Announcers): Element {
  const own = stage.stage === "unauthenticated" ? [startTls(stage), mechanisms(stage), authentication(stage, extensions)] : stage.bound ? [] : [bind()];
  return el("stream:features", {}, ...own, ...extensions.streamFeatures(stage));
}

/** RFC 6120 section 5.3.1: mandatory wherever nothing else is offered. */
function startTls(stage: FeatureStage): Element | undefined {
  if (!stage.canStartTls) return undefined;
  const required = stage.mechanisms.length === 0 ? el("required") : undefined;
  return el("starttls", { xmlns: "urn:ietf:params:xml:ns:xmpp-tls" }, required);
}

/** RFC 6120 section 6.4.1. */
function mechanisms(stage: FeatureStage): Element | undefined {
  if (stage.mechanisms.length === 0) return undefined;
  const names = stage.mechanisms.map((name) => el("mechanism", {}, name));
  return el("mechanisms", { xmlns: "urn:ietf:params:xml:ns:xmpp-sasl" }, ...names);
}

/** XEP-0388 section 2.1: the same mechanisms, with what a login can carry; XEP-0386 section 3.1: binding among it, with what that can. */
function authentication(stage: FeatureStage, extensions: Announcers): Element | undefined {
  if (stage.mechanisms.length === 0) return undefined;
  const features = extensions.bindFeatures().map((feature) => el("feature", { var: feature }));
  const bind = el("bind", { xmlns: bind2Namespace }, features.length === 0 ? undefined : el("inline", {}, ...features));
  const names = stage.mechanisms.map((name) => el("mechanism", {}, name));
  return el("authentication", { xmlns: sasl2Namespace }, ...names, el("inline", {}, bind, fast(stage), ...extensions.inlineFeatures(stage)));
}

/** XEP-0484 section 3.1. */
function fast({ tokenMechanisms }: FeatureStage): Element | undefined {
  if (tokenMechanisms.length === 0) return undefined;
  return el("fast", { xmlns: fastNamespace }, ...tokenMechanisms.map((name) => el("mechanism", {}, name)));
}

/** RFC 6120 section 7.4. */
function bind(): Element {
  return el("bind", { xmlns: "urn:ietf:params:xml:ns:xmpp-bind" });
}
