/** Where people find the page of an invitation. */
import { publicUrl } from "../config/public-url.ts";
import type { Config } from "../config/schema.ts";

export const path = "/invite/";

export function invitationPath(token: string): string {
  return `${path}${token}`;
}

/** As the server will have it, where it does not run; undefined where there is none, or its port is not known before. */
export function invitationPage(config: Pick<Config, "listen">, host: string, token: string): string | undefined {
  const url = publicUrl(config, host);
  return url === undefined ? undefined : `${url}${invitationPath(token)}`;
}
