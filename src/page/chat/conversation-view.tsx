/** One conversation: what was said, and a line to say more. */
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { dateAndTime, timeOfDay, visible } from "../text.ts";
import type { Line } from "./conversations.ts";
import type { Person } from "./person.ts";

const noLines: readonly Line[] = [];
/** Far below the largest stanza. */
const textCharsMax = 10_000;

export function ConversationView({ person, jid }: { readonly person: Person; readonly jid: string }) {
  const lines = person.conversations.all.value.get(jid)?.lines ?? noLines;
  const end = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const box = end.current;
    if (box !== null) box.scrollTop = box.scrollHeight;
  }, [lines]);
  return (
    <section class="chat-conversation" aria-label={`Conversation with ${jid}`}>
      <Head person={person} jid={jid} />
      <div class="chat-lines" role="log" aria-label="What was said" tabIndex={0} ref={end}>
        {lines.map((line) => <LineView key={line.key} line={line} />)}
      </div>
      <Say person={person} jid={jid} />
    </section>
  );
}

function Head({ person, jid }: { readonly person: Person; readonly jid: string }) {
  const problem = useSignal("");
  const room = person.rooms.all.value.get(jid);
  const contact = person.contacts.roster.value.get(jid);
  const online = person.state.value === "online";
  const add = () => person.contacts.add(jid).catch((error: unknown) => (problem.value = error instanceof Error ? error.message : String(error)));
  return (
    <header class="chat-head">
      <h2><bdi>{visible(jid)}</bdi></h2>
      <p class="chat-soft">
        {room !== undefined
          ? room.joined ? [...room.occupants].toSorted().map((nick) => visible(nick)).join(", ") : "you are not in the room"
          : contact === undefined ? "no contact" : contact.asked ? "has not answered yet" : relations[contact.subscription] ?? ""}
      </p>
      {room !== undefined && online && (room.joined
        ? <button type="button" onClick={() => person.rooms.leave(jid)}>Leave</button>
        : <button type="button" onClick={() => person.rooms.join(jid)}>Join again</button>)}
      {room === undefined && online && jid !== person.bare.value && contact?.asked !== true && !["to", "both"].includes(contact?.subscription ?? "none") && (
        <button type="button" onClick={() => void add()}>Add to contacts</button>
      )}
      {problem.value !== "" && <p class="chat-problem" role="alert">{visible(problem.value)}</p>}
    </header>
  );
}

const relations: Readonly<Record<string, string>> = {
  none: "in your contacts; neither sees the other",
  to: "you see them; they do not see you",
  from: "they see you; you do not see them",
  both: "you see each other",
};

function LineView({ line }: { readonly line: Line }) {
  if (line.from === "") return <p class="chat-note">{visible(line.text)}</p>;
  return (
    <p class={`chat-line ${line.own ? "chat-line-own" : ""}`}>
      <span class="chat-soft"><bdi>{visible(line.own ? "you" : line.from)}</bdi> <time title={`${dateAndTime(line.at)} UTC`}>{timeOfDay(line.at).slice(0, 5)}</time></span>
      <span class="chat-text" dir="auto">{visible(line.text, { lines: true })}</span>
    </p>
  );
}

function Say({ person, jid }: { readonly person: Person; readonly jid: string }) {
  const text = useSignal("");
  const room = person.rooms.all.value.get(jid);
  const off = offWords[person.state.value] ?? (room?.joined === false ? "You are not in the room" : undefined);
  const box = useRef<HTMLInputElement>(null);
  const entered = person.conversations.entered;
  const isEntered = entered.value;
  useLayoutEffect(() => {
    if (isEntered) box.current?.focus();
    entered.value = false;
  }, [isEntered]);
  const say = (event: Event) => {
    event.preventDefault();
    if (off !== undefined || text.value.trim() === "") return;
    if (room === undefined) person.conversations.say(jid, text.value, person.bare.value);
    else person.rooms.say(jid, text.value);
    text.value = "";
  };
  return (
    <form class="chat-say" onSubmit={say}>
      <input ref={box} data-focus aria-label="Message" placeholder={off ?? "Type a message"} maxLength={textCharsMax} autocomplete="off" readOnly={off !== undefined}
        value={text.value} onInput={({ currentTarget }) => (text.value = currentTarget.value)} />
      <button type="submit" class="chat-primary" disabled={off !== undefined}>Send</button>
    </form>
  );
}

/** Why nothing can be written; what is in the box stays there. */
const offWords: Readonly<Partial<Record<Person["state"]["value"], string>>> = {
  connecting: "Signing in …",
  lost: "No link: resume to write",
  ended: "Offline: sign in again to write",
  refused: "Not signed in",
};
