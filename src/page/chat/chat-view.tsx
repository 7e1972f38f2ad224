/** A client on the left, the session that it has on the right. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ErrorBoundary } from "../frame/error-boundary.tsx";
import { later } from "../frame/later.tsx";
import { Looking } from "../frame/looking.tsx";
import { browserChat } from "../browser.ts";
import type { SessionTab, Store } from "../model/contract.ts";
import { visible } from "../text.ts";
import { keepFocus } from "./keep-focus.ts";
import { PersonView } from "./person-view.tsx";
import { People } from "./people.ts";
import { SignIn } from "./sign-in.tsx";
import { Unread } from "./unread.tsx";
import "./chat.css";

const SessionView = later("the session", () => import("../frame/rest.ts").then((file) => file.SessionView));

/** They stay signed in while other views are looked at. */
let everybody: People | undefined;

export function ChatView({ store, tab }: { readonly store: Store; readonly tab: SessionTab }) {
  const people = (everybody ??= new People(store, browserChat));
  const hello = store.hello.value;
  const place = useRef<HTMLElement>(null);
  const isOn = hello?.chat === true;
  useEffect(() => (place.current === null ? undefined : keepFocus(place.current)), [isOn]);
  if (!isOn) return <Off live={hello?.live === true} />;
  const id = store.beside.value;
  return (
    <>
      <section ref={place} class="chat" aria-label="Chat">
        <ErrorBoundary what="the chat"><Chat people={people} hosts={hello.hosts} /></ErrorBoundary>
      </section>
      {id === undefined ? <Beside store={store} people={people} /> : <SessionView store={store} id={id} tab={tab} />}
    </>
  );
}

function Chat({ people, hosts }: { readonly people: People; readonly hosts: readonly string[] }) {
  const adding = useSignal(false);
  const [all, chosen] = [people.all.value, people.chosen.value];
  const refused = !adding.value && chosen?.state.value === "refused" ? chosen : undefined;
  const signsIn = adding.value || chosen === undefined || refused !== undefined;
  return (
    <>
      {all.length > 0 && (
        <nav class="chat-people" aria-label="Who is signed in on this page">
          {all.map((person) => (
            <button
              type="button" key={person.bare.value} class={`chat-person chat-person-${person.state.value}`}
              aria-current={!adding.value && person === chosen ? "true" : undefined}
              onClick={() => {
                adding.value = false;
                people.chosen.value = person;
              }}
            >
              <span class="chat-dot" aria-hidden="true" /><bdi>{visible(person.account.username)}</bdi><Unread count={unreadOf(person)} />
            </button>
          ))}
          {!people.full && (
            <button type="button" class="chat-person" aria-current={adding.value ? "true" : undefined} onClick={() => (adding.value = true)} title="Sign somebody else in, too">+ another</button>
          )}
        </nav>
      )}
      {signsIn
        ? <SignIn key={refused?.bare.value ?? ""} people={people} hosts={hosts} refused={refused} focused={adding.value} onDone={() => (adding.value = false)} />
        : <PersonView key={chosen.bare.value} person={chosen} people={people} />}
    </>
  );
}

function unreadOf({ conversations }: People["all"]["value"][number]): number {
  return [...conversations.all.value.values()].reduce((sum, { unread }) => sum + unread, 0);
}

function Beside({ store, people }: { readonly store: Store; readonly people: People }) {
  const connecting = people.chosen.value?.state.value === "connecting" || people.chosen.value?.state.value === "online";
  return (
    <section class="chat-beside" aria-label="Session">
      {connecting ? <p role="status"><Looking store={store} /></p> : (
        <div>
          <h2>Watch your own session</h2>
          <p>Sign in on the left: here stands what the server has of you, from the first byte on. Type a message, cut the link, and see the machine move.</p>
        </div>
      )}
    </section>
  );
}

function Off({ live }: { readonly live: boolean }) {
  return (
    <p class="app-waiting">
      {live
        ? <>The chat is off: it is there where the HTTP listener is on loopback, with <code>websocket.enabled</code> and <code>inspector.chat</code>.</>
        : "Nobody lives here: what was recorded is looked at."}
    </p>
  );
}
