import { createRequire } from "node:module";

const { version } = createRequire(import.meta.url)("refrain/package.json") as { version: string };

/** What this server calls itself. */
export const software = { name: "refrain", version } as const;
