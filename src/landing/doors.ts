/** Where invitations lead people who have no client yet: `/invite/TOKEN` (XEP-0401 section 5.2). */
import type { HttpRequest, HttpResponse, HttpRoute } from "../net/http-route.ts";
import { path } from "./address.ts";
import { goneHtml, landingHtml, styleHash, type LandingInvitation } from "./page.ts";

export interface LandingOptions {
  /** An invitation that can be used, by its token. */
  readonly find: (token: string) => Promise<LandingInvitation | null>;
}

export function landingRoutes({ find }: LandingOptions): readonly HttpRoute[] {
  const get = async (request: HttpRequest): Promise<HttpResponse> => {
    const token = request.path.slice(path.length);
    const found = tokenForm.test(token) ? await find(token) : null;
    if (found === null) return { status: 404, headers, body: goneHtml };
    return { status: 200, headers, body: landingHtml(found, request.header("user-agent") ?? "") };
  };
  return [{ path, methods: { GET: get } }];
}

const tokenForm = /^[0-9a-f]{32}$/;

/** There is no script, nothing is loaded, and the address, which lets in, is told to no other site. */
const headers = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": `default-src 'none'; style-src '${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  // Nobody is to find it who was not given it.
  "x-robots-tag": "noindex, nofollow",
};
