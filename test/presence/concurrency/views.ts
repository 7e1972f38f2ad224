/** RFC 6121 section 4 when all is quiet: each sees exactly those who let it, and every period of availability had one end. */
import { showXml, type Xml } from "../../support/xml-reader.ts";
import { markOf, type Connection } from "./connection.ts";
import { bareOf, covers, isBarred, shows, type Outcome } from "./outcome.ts";

interface Sight {
  readonly mark: string;
  /** The one who sees it has sent unavailable presence there since: if it was directed, its end is not told (section 4.6.1). */
  readonly refused: boolean;
}

interface View {
  /** By full JID. */
  readonly seen: ReadonlyMap<string, Sight>;
  /** Ends of which nothing was seen. */
  readonly extra: ReadonlyMap<string, number>;
  /** Full JIDs of which anything was heard. */
  readonly heard: ReadonlySet<string>;
}

export function checkViews(outcome: Outcome): void {
  const { play } = outcome;
  const people = new Set(play.connections.map(({ jid }) => jid));
  for (const viewer of play.connections) {
    const view = fold(viewer.received, viewer);
    checkBlocked(outcome, viewer);
    for (const jid of people) {
      if (jid === viewer.jid) continue;
      const all = play.connections.filter((connection) => connection.jid === jid);
      checkEnds(outcome, viewer, view, jid, all);
      if (viewer.live) checkSight(outcome, viewer, view.seen.get(jid), jid, all);
    }
  }
}

/** What a client makes of what it is told. */
function fold(received: readonly Xml[], { jid, said }: Connection): View {
  const seen = new Map<string, Sight>();
  const extra = new Map<string, number>();
  const heard = new Set<string>();
  for (const stanza of received) {
    const { from = "", type, id = "" } = stanza.attrs;
    if (stanza.name === "iq" && type === "result") {
      const { act, about = "" } = said[Number(/^said-(\d+)$/.exec(id)?.[1] ?? -1)] ?? {};
      if (act?.does === "undirect") {
        for (const [known, sight] of seen) if (known === about || bareOf(known) === about) seen.set(known, { ...sight, refused: true });
      }
    }
    if (stanza.name !== "presence" || (type !== undefined && type !== "unavailable")) continue;
    // Section 4.5.3: who is not available is told nothing of contacts any more.
    if (from === jid && type === "unavailable" && markOf(stanza) !== "") seen.clear();
    if (from === jid) continue;
    heard.add(from);
    if (type === undefined) seen.set(from, { mark: markOf(stanza), refused: false });
    else if (!seen.delete(from)) extra.set(from, (extra.get(from) ?? 0) + 1);
  }
  return { seen, extra, heard };
}

/** `all`: the logins of one full JID. */
function checkEnds(outcome: Outcome, viewer: Connection, view: View, jid: string, all: readonly Connection[]): void {
  const { play } = outcome;
  const written = (does: string, ...to: readonly string[]) =>
    all.flatMap(({ said }) => said).filter(({ act, about }) => act.does === does && to.includes(about)).length;
  const toBare = written("direct", viewer.bare);
  const toFull = written("direct", viewer.jid);
  const undirected = written("undirect", viewer.bare, viewer.jid);
  const directed = toBare + toFull + undirected;
  const extra = view.extra.get(jid) ?? 0;
  // Section 4.6.3: whoever was written to directly is told of the end, whether it was there when that came or not. While that waits
  // for older messages, a subscription may end, which is an end too.
  const allowed = undirected + (isSteady(outcome, viewer, jid) ? toBare : 2 * (toBare + toFull));
  if (extra > allowed) throw new Error(`${viewer.jid} was told ${extra} times of an end of ${jid} of which it knew nothing; allowed: ${allowed}`);
  if (directed > 0 || !view.heard.has(jid) || bareOf(jid) === viewer.bare) return;
  const approved = play.connections.some(({ bare, said }) => {
    return bare === bareOf(jid) && said.some(({ act, about }) => act.does === "subscribed" && about === viewer.bare);
  });
  if (!approved && !showedAtFirst(play, bareOf(jid), viewer.bare)) throw new Error(`${viewer.jid} has heard of ${jid}, which never let it`);
}

/** What was sent to the viewer's full JID came at once and is not forgotten: it was there, and nothing stood or waited between. */
function isSteady({ play }: Outcome, viewer: Connection, jid: string): boolean {
  const pair = play.connections.filter(({ bare }) => bare === viewer.bare || bare === bareOf(jid));
  return (
    play.connections.filter((connection) => connection.jid === viewer.jid).length === 1 &&
    !viewer.said.some(({ act }) => act.does === "unavailable") &&
    !pair.some(({ said }) => said.some(({ act }) => act.does === "block")) &&
    !play.connections.some(({ said }) => said.some(({ about, mark }) => bareOf(about) === viewer.bare && isKept(play, mark)))
  );
}

/** Taken, and given to nobody at once; so are messages that were returned. */
function isKept({ theatre: { witness } }: Outcome["play"], message: string): boolean {
  return witness.hasTaken(message) && witness.given(message).length === 0;
}

function showedAtFirst({ accounts, scenario: { relations } }: Outcome["play"], by: string, to: string): boolean {
  const [one, two] = [accounts.indexOf(by), accounts.indexOf(to)];
  const relation = relations[one + two - 1]!;
  return relation === "Both" || (one < two ? relation.startsWith("From") : relation.startsWith("To"));
}

function checkSight(outcome: Outcome, viewer: Connection, sight: Sight | undefined, jid: string, all: readonly Connection[]): void {
  const given = showing(all.find(({ live }) => live), viewer);
  const isSubscribed = given.mark !== undefined && availability(viewer) !== undefined && shows(outcome, bareOf(jid), viewer.bare);
  const barred = isBarred(outcome, jid, viewer.jid);
  const marks = barred ? [] : [...(isSubscribed ? [given.mark!, ...given.since] : []), ...given.directed];
  if (sight !== undefined && !sight.refused && !marks.includes(sight.mark)) {
    throw new Error(`${viewer.jid} sees ${jid} (${sight.mark}), but ${marks.length === 0 ? "is to see nothing" : `it is ${marks.join(" or ")}`}`);
  }
  if (sight === undefined && isSubscribed && !barred && !given.undirected) {
    throw new Error(`${viewer.jid} does not see ${jid} (${marks.join(" or ")})`);
  }
  if (sight === undefined && given.directed.length > 0 && isCertain(outcome, viewer, jid, all)) {
    throw new Error(`${viewer.jid} does not see ${jid}, which has written to it: ${given.directed.join(" or ")}`);
  }
}

interface Shown {
  /** That of the last broadcast of this period of availability. */
  readonly mark: string | undefined;
  /** What was directed to the viewer since then. */
  readonly since: readonly string[];
  /** What was directed to it, and not ended for certain. */
  readonly directed: readonly string[];
  /** Unavailable presence was directed to it after the last broadcast: it may look as if nobody were there (section 4.6.3, rule 1). */
  readonly undirected: boolean;
}

/** What a resource that is connected has shown to one viewer, by its own words. */
function showing(connection: Connection | undefined, viewer: Connection): Shown {
  let broadcast: string | undefined;
  let since: string[] = [];
  let undirected = false;
  let directed: { readonly to: string; readonly mark: string }[] = [];
  for (const { act, about, mark } of connection?.said ?? []) {
    const isFor = about === viewer.jid || about === viewer.bare;
    if (act.does === "available" || act.does === "unavailable") {
      broadcast = act.does === "available" ? mark : undefined;
      if (broadcast === undefined) directed = [];
      [since, undirected] = [[], false];
    } else if (act.does === "direct" && isFor) {
      since.push(mark);
      directed.push({ to: about, mark });
      undirected = false;
    } else if (act.does === "undirect" && isFor) {
      // What goes to the bare JID does not reach a resource that is not available just then.
      directed = directed.filter(({ to }) => about === viewer.bare && to === viewer.jid);
      undirected = true;
    }
  }
  return { mark: broadcast, since, directed: directed.map(({ mark }) => mark), undirected };
}

/** The last presence without an address, if the resource is available by that. */
function availability({ said }: Connection): string | undefined {
  const last = said.findLast(({ act }) => act.does === "available" || act.does === "unavailable");
  return last?.act.does === "available" ? last.mark : undefined;
}

/** Nothing could have kept from the viewer what was written to its full JID last, whatever came first. */
function isCertain({ play }: Outcome, viewer: Connection, jid: string, all: readonly Connection[]): boolean {
  const last = all.find(({ live }) => live)?.said.findLast(({ about, act }) => about.startsWith(viewer.bare) || act.does === "unavailable");
  if (last?.act.does !== "direct" || last.about !== viewer.jid) return false;
  if (play.connections.filter((connection) => connection.jid === viewer.jid).length > 1) return false;
  if (viewer.said.some(({ act }) => act.does === "unavailable")) return false;
  return !play.connections.some(({ bare, said }) => {
    return (bare === viewer.bare || bare === bareOf(jid)) && said.some(({ act }) => mayHide.has(act.does));
  });
}

const mayHide: ReadonlySet<string> = new Set(["block", "remove", "unsubscribe", "unsubscribed", "undirect"]);

/** XEP-0191 section 3.3: once a block is in force, nothing comes from there. Only where nobody of the account ever unblocks. */
function checkBlocked({ play }: Outcome, viewer: Connection): void {
  const own = play.connections.filter(({ bare }) => bare === viewer.bare);
  if (own.some(({ said }) => said.some(({ act }) => act.does.startsWith("unblock")))) return;
  const blocks: string[] = [];
  for (const stanza of viewer.received) {
    const { type, id = "", from = "" } = stanza.attrs;
    const { act, about = "" } = viewer.said[Number(/^said-(\d+)$/.exec(id)?.[1] ?? -1)] ?? {};
    if (stanza.name === "iq" && type === "result" && act?.does === "block") blocks.push(about);
    if (stanza.name === "iq" || type === "error" || bareOf(from) === viewer.bare) continue;
    if (blocks.some((block) => covers(block, from))) throw new Error(`${viewer.jid} has blocked who sends ${showXml(stanza)}`);
  }
}
