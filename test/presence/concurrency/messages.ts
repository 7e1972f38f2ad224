/**
 * Where messages have gone when all is quiet and everybody has taken what was kept: each came once, or was returned once, or was
 * dropped by a block. Two things are allowed and counted: what was on its way to a client that dropped its connection may be
 * lost, and a kept message may come again to another if it is not certain that the first one had it (diagrams/decisions/0010).
 */
import { isDelayed, markOf, type Connection, type Said } from "./connection.ts";
import { bareOf, type Outcome } from "./outcome.ts";

export interface Figures {
  messages: number;
  received: number;
  kept: number;
  returned: number;
  /** Not taken by the server, because its sender was gone. */
  unsent: number;
  /** Dropped because of a block, or returned to who was gone. */
  stopped: number;
  /** On its way to a client that dropped its connection. */
  lost: number;
  /** The same of a kept message, which the client seemed to have. */
  keptLost: number;
  /** Kept, and given to more than one. */
  repeated: number;
}

export function noFigures(): Figures {
  return { messages: 0, received: 0, kept: 0, returned: 0, unsent: 0, stopped: 0, lost: 0, keptLost: 0, repeated: 0 };
}

/** `late`: those who have come when it was quiet, to take what waits for somebody. */
export function checkMessages(outcome: Outcome, late: readonly Connection[], figures: Figures): void {
  for (const sender of outcome.play.connections) {
    for (const message of messagesOf(sender)) {
      const problem = checkMessage(outcome, sender, message, figures);
      if (problem !== undefined) throw new Error(`message ${message.mark} of ${sender.jid} to ${message.about} ${problem}`);
    }
  }
  for (const reader of outcome.play.connections) checkOrder(outcome, reader);
  for (const reader of late) {
    const there = outcome.play.live.find((other) => other !== reader && other.bare === reader.bare && takesMessages(other));
    const waited = reader.received.find(isDelayed);
    if (there !== undefined && waited !== undefined) throw new Error(`message ${markOf(waited)} waited, though ${there.jid} was there`);
  }
}

function checkMessage({ play }: Outcome, sender: Connection, { act, about, mark }: Said, figures: Figures): string | undefined {
  const { witness } = play.theatre;
  const readers = play.connections.filter(({ bare }) => bare === bareOf(about));
  const arrivals = readers.flatMap((reader) =>
    reader.received.filter((stanza) => isCopy(stanza, mark)).map((stanza) => ({ reader, kept: isDelayed(stanza) })),
  );
  const returns = sender.received.filter(({ name, attrs }) => name === "message" && attrs["type"] === "error" && attrs["id"] === mark).length;
  const given = witness.given(mark);
  const kept = arrivals.filter(({ kept }) => kept);
  figures.messages += 1;
  if (!witness.hasTaken(mark)) {
    figures.unsent += 1;
    if (sender.ended !== "kill" && sender.ended !== "replace") return "was not taken, though its sender is there";
    return arrivals.length + returns > 0 ? "arrived, though it was not taken" : undefined;
  }
  for (const { reader } of arrivals) if (arrivals.filter((other) => other.reader === reader).length > 1) return `came to ${reader.jid} twice`;
  if (returns > 1) return `was returned ${returns} times`;
  if (returns > 0 && arrivals.length > 0) return "was returned and arrived";
  if (kept.length > 0 && given.length > 0) return "was kept and given at once";
  for (const { reader, kept } of arrivals) if (!kept && !given.includes(reader.hello)) return `came to ${reader.jid}, to which it was not given`;
  for (const hello of given) {
    const reader = readers.find((reader) => reader.hello === hello)!;
    if (reader.ended !== "kill" && !arrivals.some((arrival) => arrival.reader === reader)) return `did not come to ${reader.jid}, to which it was given`;
  }
  if (kept.filter(({ reader }) => reader.live).length > 1) return "was kept and came to two who are there";
  if (returns > 0) figures.returned += 1;
  else if (kept.length > 0) figures.kept += 1;
  else if (arrivals.length > 0) figures.received += 1;
  if (kept.length > 1) figures.repeated += 1;
  if (arrivals.length + returns > 0) return undefined;
  if (given.length > 0 || readers.some(seemedToRead)) {
    figures[given.length > 0 ? "lost" : "keptLost"] += 1;
    return undefined;
  }
  // RFC 6121 section 8.5.3.2.1: only chat goes on to the bare JID.
  const returnable = isBlocked(play.connections, sender.bare, about) || (act.does === "normal" && about !== bareOf(about));
  // What was kept is dropped when it is to be given to somebody who has blocked its sender since.
  if (!isBlocked(play.connections, bareOf(about), sender.jid) && (sender.live || !returnable)) return "is lost";
  figures.stopped += 1;
  return undefined;
}

/** RFC 6120 section 10.1. What waited for another that was lost comes later. */
function checkOrder({ play }: Outcome, reader: Connection): void {
  const wasLost = play.connections.some((other) => other !== reader && other.bare === reader.bare && other.ended !== undefined);
  for (const sender of play.connections) {
    const order = messagesOf(sender).map(({ mark }) => mark);
    let last = -1;
    for (const stanza of reader.received) {
      const place = stanza.name === "message" && stanza.attrs["type"] !== "error" ? order.indexOf(markOf(stanza)) : -1;
      if (place === -1 || (wasLost && isDelayed(stanza))) continue;
      if (place < last) throw new Error(`${reader.jid} got message ${order[place]} of ${sender.jid} after ${order[last]}`);
      last = place;
    }
  }
}

/** It dropped its connection after it had said something that could show the server that it reads. */
function seemedToRead({ ended, said }: Connection): boolean {
  const since = said.findIndex(({ act }) => act.does === "available");
  return ended === "kill" && since !== -1 && since < said.length - 1;
}

function takesMessages({ said }: Connection): boolean {
  const last = said.findLast(({ act }) => act.does === "available" || act.does === "unavailable")?.act;
  return last?.does === "available" && last.priority >= 0;
}

function messagesOf({ said }: Connection): readonly Said[] {
  return said.filter(({ act }) => act.does === "chat" || act.does === "normal");
}

function isCopy(stanza: Connection["received"][number], mark: string): boolean {
  return stanza.name === "message" && stanza.attrs["type"] !== "error" && markOf(stanza) === mark;
}

/** Whether the user has ever blocked an address, one with the same bare JID, or everybody. */
function isBlocked(connections: readonly Connection[], by: string, jid: string): boolean {
  return connections.some(
    ({ bare, said }) => bare === by && said.some(({ act, about }) => act.does === "block" && (about === "localhost" || bareOf(about) === bareOf(jid))),
  );
}
