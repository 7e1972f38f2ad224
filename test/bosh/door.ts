/** The HTTP side of BOSH without HTTP: bodies go in, answers come out, and a clock that can be moved on (XEP-0124). */
import { createBosh, type Bosh } from "../../src/bosh/sessions.ts";
import { xmlLimitsUnauthenticated } from "../../src/domain/limits.ts";
import type { HttpRequest } from "../../src/net/http-route.ts";
import type { SecureLink } from "../../src/ports.ts";
import type { Link, LinkHandler } from "../../src/xml/link.ts";
import { HandClock } from "../management/clock.ts";

export const httpbind = "xmlns='http://jabber.org/protocol/httpbind'";

export async function begun(clock: HandClock, post: (body: string) => Promise<string>, attributes = "wait='1'"): Promise<string> {
  const { answer } = await asked(post, `<body rid='10' ${attributes} to='localhost' ${httpbind}/>`);
  clock.forward(2_000);
  return answer;
}

/** It has come; whether there is an answer is another matter. */
export async function asked(post: (body: string) => Promise<string>, body: string): Promise<{ readonly answer: Promise<string> }> {
  const answer = post(body);
  await new Promise((resolve) => setImmediate(resolve));
  return { answer };
}

export const sidIn = (answer: string): string => / sid='([^']+)'/.exec(answer)?.[1] ?? "";

/** Notes what the link tells, but for signs of life. */
export function told(heard: string[]): LinkHandler {
  const note = (what: string) => () => void heard.push(what);
  return { heard() {}, opened: note("opened"), element: note("element"), failed: note("failed"), ended: note("ended"), lost: note("lost"), drained() {} };
}

export function door(tls: SecureLink | null = null, sessionsMax?: number): { readonly clock: HandClock; readonly links: readonly Link[]; readonly post: (body: string) => Promise<string>; readonly bosh: Bosh } {
  const clock = new HandClock();
  const links: Link[] = [];
  let ids = 0;
  const bosh = createBosh({
    isLetIn: () => true, limits: xmlLimitsUnauthenticated, stanzaBytesMax: 10_000, perAddressMax: 10, ...(sessionsMax === undefined ? {} : { sessionsMax }), clock, ids: { next: () => `id${(ids += 1)}` }, refused() {},
    receive: (link) => links.push(link),
    report: (error) => {
      throw error;
    },
  });
  const post = async (text: string): Promise<string> => {
    const request: Partial<HttpRequest> = {
      remoteAddress: "127.0.0.1", loopback: true, secure: tls !== null, tls, header: () => undefined, body: async () => new TextEncoder().encode(text),
    };
    const { body } = await bosh.route.methods!.POST!(request as HttpRequest);
    return String(body);
  };
  return { clock, links, post, bosh };
}
