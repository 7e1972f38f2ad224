/** What README shows of a reverse proxy: the server's settings, and those of two proxies. */
import { readFileSync } from "node:fs";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const section = /^## Behind a reverse proxy$([^]*?)^## /m.exec(readme)?.[1] ?? "";
const blocks = [...section.matchAll(/^```(\w*)\n([^]*?)^```/gm)].map(([, language, text]) => ({ language, text: text ?? "" }));

export const shownOfProxies: Readonly<Record<"toml" | "nginx" | "caddy", string>> = {
  toml: blocks.find(({ language }) => language === "toml")?.text ?? "",
  nginx: blocks.find(({ language }) => language === "nginx")?.text ?? "",
  caddy: blocks.find(({ text }) => text.includes("@xmpp path"))?.text ?? "",
};
