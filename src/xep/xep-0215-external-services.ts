/** External services: what helps clients to call each other from behind their routers, with names and passwords that are good for a while. */
import { createHmac } from "node:crypto";
import { externalServicesMax } from "../domain/limits.ts";
import type { Extension, IqReply, IqRequest } from "../router/extension.ts";
import type { ExternalService, HouseLimits } from "../router/house.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";

const xmlns = "urn:xmpp:extdisco:2";

export const externalServices: Extension = {
  name: "external-services",
  specification: {
    id: "XEP-0215", version: "1.0.0", title: "External Service Discovery",
    missing: [
      "Nothing is pushed when the services change (section 3.2): that is after a restart of the server.",
      "Services have no names and no extended information (section 4), and no passwords that stay the same.",
    ],
  },
  serverFeatures: ({ externalServices }: HouseLimits) => (externalServices.length === 0 ? [] : [xmlns]),
  iq: [
    { xmlns, name: "services", types: ["get"], at: ["server"], handle: list },
    { xmlns, name: "credentials", types: ["get"], at: ["server"], handle: giveCredentials },
  ],
};

/** XEP-0215 sections 3.1 and 3.2. */
function list(request: IqRequest): IqReply {
  const { payload, house: { limits } } = request;
  const type = payload.attrs["type"] as string | undefined;
  return refusal(request) ?? {
    result: el("services", { xmlns, type }, ...limits.externalServices.filter((service) => type === undefined || service.type === type).map((service) => described(service, request))),
  };
}

/** XEP-0215 section 3.3: of each service that fits, whatever its port, unless one is named. */
function giveCredentials(request: IqRequest): IqReply {
  const { payload, house: { limits } } = request;
  const asked = payload.getChildren("service", xmlns);
  const refused = refusal(request);
  if (refused !== undefined) return refused;
  if (asked.length === 0 || asked.length > externalServicesMax || asked.some(({ attrs }) => attrs["host"] === undefined || attrs["type"] === undefined)) {
    return { fault: { condition: "bad-request", text: `name from 1 to ${externalServicesMax} services, by host and type` } };
  }
  const fits = ({ attrs }: Element, { host, type, port, transport }: ExternalService) =>
    attrs["host"] === host && attrs["type"] === type && [undefined, String(port)].includes(attrs["port"] as string) && [undefined, transport].includes(attrs["transport"] as string);
  const found = limits.externalServices.filter((service) => service.secret !== undefined && asked.some((one) => fits(one, service)));
  if (found.length === 0) return { fault: { condition: "item-not-found", text: "there is no such service that needs a password" } };
  return { result: el("credentials", { xmlns }, ...found.map((service) => described(service, request))) };
}

/** They are for the server's own users; where there are none the server does not know of the protocol. */
function refusal({ house, iq: { from } }: IqRequest): IqReply | undefined {
  if (house.limits.externalServices.length === 0) return { fault: { condition: "service-unavailable", text: "" } };
  return house.hosts.includes(from.domain) && from.local !== undefined ? undefined : { fault: { condition: "forbidden", text: "" } };
}

/**
 * With a name that says until when it is good and for whom, and a password that only who knows the secret can make: that the service
 * knows it, too, is enough (draft-uberti-behave-turn-rest, section 2.2).
 */
function described({ type, host, port, transport, secret, lifetimeMs }: ExternalService, { step, iq: { from } }: IqRequest): Element {
  const attrs = { type, host, port: String(port), transport };
  if (secret === undefined) return el("service", attrs);
  const until = Math.floor((step.at + lifetimeMs) / 1_000);
  const username = `${until}:${from.bare}`;
  const password = createHmac("sha1", secret).update(username).digest("base64");
  // XEP-0082 section 3.2.
  const expires = new Date(until * 1_000).toISOString().replace(".000Z", "Z");
  return el("service", { ...attrs, restricted: "true", username, password, expires });
}
