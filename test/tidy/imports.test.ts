import { describe, expect, it } from "vitest";
import { roomOf, sources, type Source } from "./sources.ts";

/** Which rooms a room may import, besides itself. Every arrow points down this list or to the right of its line. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  machines: ["domain"],
  ports: ["domain"],
  live: ["ports"],
  software: [],
  index: ["*"],
  step: ["ports", "domain"],
  xml: ["ports", "domain"],
  net: ["xml", "ports", "domain"],
  auth: ["ports", "domain"],
  log: ["live", "step", "ports", "domain"],
  history: ["machines", "log", "ports", "domain"],
  session: ["machines", "auth", "step", "xml", "ports", "domain"],
  service: ["session", "step", "xml", "ports", "domain"],
  muc: ["service", "machines", "session", "step", "xml", "ports", "domain"],
  pubsub: ["session", "step", "xml", "ports", "domain"],
  bosh: ["machines", "net", "xml", "ports", "domain"],
  component: ["service", "session", "step", "xml", "ports", "domain"],
  router: ["upload", "pubsub", "muc", "service", "session", "step", "xml", "ports", "domain"],
  xep: ["router", "muc", "service", "pubsub", "auth", "session", "step", "xml", "ports", "domain"],
  config: ["domain"],
  extension: ["router", "muc", "service", "pubsub", "session", "step", "xml", "config", "ports", "domain"],
  admin: ["auth", "history", "log", "pubsub", "xml", "ports", "domain", "config"],
  inspector: ["history", "session", "step", "net", "machines", "xml", "ports", "domain"],
  page: ["inspector", "history", "machines", "ports", "domain"],
  metrics: ["net", "step", "software", "ports", "domain"],
  upload: ["net", "ports", "domain"],
  landing: ["config", "net", "domain"],
  discovery: ["bosh", "config", "net", "xml", "domain"],
  epoch: ["component", "machines", "upload", "admin", "auth", "config", "log", "muc", "service", "router", "session", "step", "xml", "software", "ports", "domain"],
  "http-doors": ["bosh", "discovery", "metrics", "xml", "inspector", "net", "admin", "config", "software", "domain"],
  server: ["*"],
  testing: ["server", "*"],
  cli: ["server", "*"],
};

const all = sources("machines", "src");

function offenders(matches: (source: Source) => readonly string[]): readonly string[] {
  return all.flatMap((source) => matches(source).map((what) => `${source.path}: ${what}`));
}

describe("The house: imports point one way", () => {
  it("names every room", () => {
    expect(all.filter(({ path }) => mayImport[roomOf(path)] === undefined).map(({ path }) => path)).toEqual([]);
  });

  it("lets a room import only the rooms below it", () => {
    const wrong = offenders(({ path, imports }) => {
      const room = roomOf(path);
      const allowed = mayImport[room] ?? [];
      return imports
        .filter(({ local, target }) => local && roomOf(target) !== room && !allowed.includes("*") && !allowed.includes(roomOf(target)))
        .map(({ target }) => `may not import ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it("lets nobody but the doors of the process import the composition root", () => {
    const wrong = offenders(({ path, imports }) =>
      imports
        .filter(({ target }) => target === "src/server.ts" && !["cli", "testing", "index"].includes(roomOf(path)))
        .map(({ target }) => `may not import ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("has no circles of files that run", () => {
    const edges = new Map(all.map(({ path, imports }) => [path, imports.filter((i) => i.local && !i.typeOnly).map((i) => i.target)]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      if (trail.includes(path) || done.has(path)) return;
      for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of edges.keys()) visit(path, []);
    expect(circles).toEqual([]);
  });
});

describe("The house: what only one room may touch", () => {
  const only = (what: string, pattern: RegExp, rooms: (path: string) => boolean) =>
    it(`${what}`, () => {
      expect(offenders(({ path, imports }) => imports.filter((i) => !i.local && pattern.test(i.target) && !rooms(path)).map((i) => i.target))).toEqual([]);
    });

  only("keeps Node and ltx out of machines and domain", /^(node:|ltx$)/, (path) => !["machines", "domain"].includes(roomOf(path)));
  only("imports ltx in src/xml alone", /^ltx$/, (path) => roomOf(path) === "xml");
  only("imports a database driver in its own file alone", /^(node:sqlite|libsql)$/, (path) => path.startsWith("src/log/sqlite/driver"));
  only("keeps Node out of what the page takes in", /^(node:|ws$)/, (path) => !["page", "machines", "domain"].includes(roomOf(path)) || path === "src/page/vite.config.ts");
  only("opens sockets in src/net and src/admin alone", /^(node:(net|tls|dgram|http|https)|ws)$/, (path) => ["net", "admin"].includes(roomOf(path)));

  it("lets no extension import another", () => {
    const wrong = offenders(({ path, imports }) =>
      roomOf(path) === "xep" && path !== "src/xep/index.ts"
        ? imports.filter((i) => roomOf(i.target) === "xep" && specificationOf(i.target) !== specificationOf(path)).map((i) => i.target)
        : [],
    );
    expect(wrong).toEqual([]);
  });

  it("names no extension's namespace in session or router", () => {
    const namespaces = all
      .filter(({ path }) => path.startsWith("src/xep/") && path !== "src/xep/index.ts")
      .flatMap(({ text }) => [...text.matchAll(/"((?:urn:|jabber:iq:|http:\/\/jabber\.org\/)[^"]+)"/g)].map((match) => match[1] ?? ""));
    expect(namespaces.length).toBeGreaterThan(5);
    const wrong = offenders(({ path, text }) =>
      ["session", "router"].includes(roomOf(path)) ? namespaces.filter((namespace) => text.includes(`"${namespace}"`)) : [],
    );
    expect(wrong).toEqual([]);
  });

  it("makes actors in src/session and src/bosh alone", () => {
    expect(offenders(({ path, text }) => (/\bcreateActor\b/.test(text) && !["session", "bosh"].includes(roomOf(path)) ? ["createActor"] : []))).toEqual([]);
  });

  it("reads clocks, timers and randomness in src/live.ts, and in the page's own src/page/browser.ts, alone", () => {
    const forbidden = /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|setTimeout|setInterval|setImmediate|randomBytes|randomUUID|getRandomValues)\s*\(?/g;
    const wrong = offenders(({ path, text }) =>
      ["src/live.ts", "src/page/browser.ts"].includes(path) ? [] : [...stripComments(text).matchAll(forbidden)].map((match) => match[0]),
    );
    expect(wrong).toEqual([]);
  });
});

/** The files of one extension bear its number. */
function specificationOf(path: string): string | undefined {
  return /^src\/xep\/((?:xep|rfc)-\d{4})-/.exec(path)?.[1];
}

function stripComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/\/\/.*$/gm, "");
}
