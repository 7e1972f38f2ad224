/** What somebody has before them who is signed in: requests, conversations, one of them open. */
import { useSignal } from "@preact/signals";
import { visible } from "../text.ts";
import { ConversationView } from "./conversation-view.tsx";
import { bareOf, typedJid } from "./jid.ts";
import type { People } from "./people.ts";
import type { Person } from "./person.ts";
import { Unread } from "./unread.tsx";

export function PersonView({ person, people }: { readonly person: Person; readonly people: People }) {
  const state = person.state.value;
  const chosen = person.conversations.chosen.value;
  return (
    <>
      <div class="chat-own">
        <p><bdi>{visible(person.bare.value)}</bdi> <span class="chat-soft">{words[state]}</span></p>
        {state === "online"
          ? <>
              <button type="button" onClick={() => person.cut()} title="As when the network goes away: watch the session wait">Cut the link</button>
              <button type="button" onClick={() => person.signOut()}>Sign out</button>
            </>
          : state !== "connecting" && <button type="button" onClick={() => people.leave(person)}>Close</button>}
      </div>
      {(state === "lost" || state === "ended") && <Ended person={person} people={people} />}
      {person.contacts.requests.value.map((bare) => (
        <div key={bare} class="chat-request" role="status">
          <p><bdi>{visible(bare)}</bdi> asks to see whether you are online.</p>
          <button type="button" onClick={() => person.contacts.accept(bare)}>Accept</button>
          <button type="button" onClick={() => person.contacts.refuse(bare)}>Refuse</button>
        </div>
      ))}
      <List person={person} people={people} />
      {chosen === undefined
        ? <p class="chat-empty">{state === "online" ? "Choose somebody, or type a name above." : ""}</p>
        : <ConversationView key={chosen} person={person} jid={chosen} />}
    </>
  );
}

const words = { connecting: "signing in …", online: "online", lost: "no link", ended: "offline", refused: "not signed in" } as const;

function Ended({ person, people }: { readonly person: Person; readonly people: People }) {
  const why = person.why.value;
  const state = person.state.value;
  return (
    <div class="chat-ended" role="alert">
      <p>{why === "" ? "Signed out." : `${visible(why[0]!.toUpperCase() + why.slice(1))}.`}</p>
      {state === "lost" && <p>The server keeps the session, and what is said to it, for a while. Nothing can be sent until you resume.</p>}
      <button type="button" data-focus onClick={() => people.signInAgain(person)}>{state === "lost" ? "Resume" : "Sign in again"}</button>
    </div>
  );
}

function List({ person, people }: { readonly person: Person; readonly people: People }) {
  const { conversations, contacts, rooms } = person;
  const all = conversations.all.value;
  // Whoever else is on this page is somebody to talk to.
  const others = people.all.value.map(({ bare }) => bare.value).filter((bare) => bare !== person.bare.value);
  const names = [...new Set([...contacts.roster.value.keys(), ...others, ...all.keys()])].toSorted();
  const present = new Set([...contacts.present.value.keys()].map(bareOf));
  return (
    <div class="chat-list">
      <ul aria-label="Conversations">
        {names.map((jid) => (
          <li key={jid}>
            <button type="button" class="chat-with" aria-current={conversations.chosen.value === jid ? "true" : undefined} onClick={() => conversations.choose(jid)}>
              {rooms.all.value.has(jid)
                ? <span class="chat-kind" title="A room">#</span>
                : <span class={`chat-dot ${present.has(jid) ? "chat-there" : ""}`} title={present.has(jid) ? "online" : "not seen online"} />}
              <bdi>{visible(jid)}</bdi>
              <Unread count={all.get(jid)?.unread ?? 0} />
            </button>
          </li>
        ))}
      </ul>
      {person.state.value === "online" && <Begin person={person} />}
    </div>
  );
}

function Begin({ person }: { readonly person: Person }) {
  const [text, problem] = [useSignal(""), useSignal("")];
  const begin = (event: Event) => {
    event.preventDefault();
    const jid = typedJid(text.value, person.account.domain);
    problem.value = jid === undefined ? "A name, or an address such as juliet@localhost." : "";
    if (jid === undefined) return;
    text.value = "";
    person.conversations.choose(jid);
  };
  const join = async () => {
    problem.value = "";
    try {
      const name = text.value.trim() === "" ? "lobby" : text.value;
      const jid = name.includes("@") ? typedJid(name, "") : typedJid(name, await person.rooms.service());
      if (jid === undefined) return void (problem.value = "A room is a name, or an address.");
      text.value = "";
      person.rooms.join(jid);
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
  };
  return (
    <form class="chat-begin" onSubmit={begin}>
      <input data-focus={person.conversations.chosen.value === undefined || undefined} aria-label="Somebody, or a room" placeholder="juliet, or lobby" autocapitalize="none" spellcheck={false} autocomplete="off"
        value={text.value} onInput={({ currentTarget }) => (text.value = currentTarget.value)} />
      <button type="submit">Chat</button>
      <button type="button" onClick={() => void join()} title="A room that is not there comes into being">Join room</button>
      <p class="chat-problem" role="alert">{visible(problem.value)}</p>
    </form>
  );
}
