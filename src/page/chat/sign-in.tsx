/** The way to a session of one's own. */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { CopyButton } from "../frame/copy-button.tsx";
import { visible } from "../text.ts";
import { typedJid } from "./jid.ts";
import type { Known, People } from "./people.ts";
import type { Person } from "./person.ts";

interface Props {
  readonly people: People;
  readonly hosts: readonly string[];
  /** Who tried in vain, and tries again. */
  readonly refused: Person | undefined;
  /** Somebody has asked for this. */
  readonly focused: boolean;
  readonly onDone: () => void;
}

export function SignIn({ people, hosts, refused, focused, onDone }: Props) {
  const problem = useSignal(refused === undefined ? "" : sentence(refused.why.value));
  useEffect(() => void people.lookForFree(), [people]);
  const signIn = (jid: string, password: string) => {
    const cut = jid.lastIndexOf("@");
    const [username, domain] = [jid.slice(0, cut), jid.slice(cut + 1)];
    if (!hosts.includes(domain)) return void (problem.value = `This server serves ${hosts.join(", ")}, not ${domain}.`);
    if (people.all.value.some((one) => one !== refused && isOf(one, username, domain))) return void (problem.value = `${jid} is on this page already.`);
    people.signIn({ username, domain, password }, refused);
    onDone();
  };
  const waiting = people.known.value.filter(({ jid }) => people.all.value.every(({ bare }) => bare.value !== jid));
  return (
    <div class="chat-sign-in">
      <h2>Sign in</h2>
      {refused === undefined && waiting.map((one) => <KnownPerson key={one.jid} known={one} onSignIn={() => signIn(one.jid, one.password)} />)}
      <Form hosts={hosts} name={refused?.bare.value} focused={focused} onSignIn={signIn} onProblem={(words) => (problem.value = words)} />
      <p class="chat-problem" role="alert">{visible(problem.value)}</p>
      {refused === undefined
        ? people.free.value.length > 0 && <Make people={people} onProblem={(words) => (problem.value = words)} />
        : <button type="button" onClick={() => people.leave(refused)}>Close</button>}
      <p class="chat-soft">
        In a terminal: <code>npx refrain user add {visible(refused?.bare.value ?? `NAME@${hosts[0] ?? "localhost"}`)}</code> makes a
        user, <code>user passwd</code> gives another password.
      </p>
    </div>
  );
}

function isOf({ account }: Person, username: string, domain: string): boolean {
  return account.username === username && account.domain === domain;
}

/** As people write one. */
function sentence(words: string): string {
  return words === "" ? "" : `${words[0]!.toUpperCase()}${words.slice(1)}.`;
}

function KnownPerson({ known, onSignIn }: { readonly known: Known; readonly onSignIn: () => void }) {
  return (
    <div class="chat-known">
      <button type="button" data-focus onClick={onSignIn}>Sign in as <bdi>{visible(known.jid)}</bdi></button>
      <p>For other clients: password <code>{visible(known.password)}</code> <CopyButton text={known.password} what={`the password of ${known.jid}`} /></p>
    </div>
  );
}

interface FormProps {
  readonly hosts: readonly string[];
  /** Of who tried in vain. */
  readonly name: string | undefined;
  readonly focused: boolean;
  readonly onSignIn: (jid: string, password: string) => void;
  readonly onProblem: (words: string) => void;
}

function Form({ hosts, name: tried, focused, onSignIn, onProblem }: FormProps) {
  const [name, password] = [useSignal(tried ?? ""), useSignal("")];
  const user = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (focused) user.current?.focus();
  }, [focused]);
  const submit = (event: Event) => {
    event.preventDefault();
    const jid = typedJid(name.value, hosts[0] ?? "localhost");
    if (jid === undefined) return onProblem("A user is written as romeo, or romeo@localhost.");
    if (password.value === "") return onProblem("The password is missing.");
    onProblem("");
    onSignIn(jid, password.value);
  };
  return (
    <form class="chat-form" onSubmit={submit}>
      <label>User <input ref={user} data-focus={tried === undefined || undefined} name="username" autocomplete="username" autocapitalize="none" spellcheck={false} placeholder={`romeo@${hosts[0] ?? "localhost"}`}
        value={name.value} onInput={({ currentTarget }) => (name.value = currentTarget.value)} /></label>
      <label>Password <input data-focus type="password" name="password" autocomplete="current-password"
        value={password.value} onInput={({ currentTarget }) => (password.value = currentTarget.value)} /></label>
      <button type="submit" class="chat-primary">Sign in</button>
    </form>
  );
}

function Make({ people, onProblem }: { readonly people: People; readonly onProblem: (words: string) => void }) {
  const busy = useSignal(false);
  const names = people.free.value.map((jid) => jid.slice(0, jid.lastIndexOf("@")));
  const make = async () => {
    if (busy.value) return;
    busy.value = true;
    onProblem("");
    try {
      const there = await people.make();
      if (there.length > 0) onProblem(`There already: ${there.join(", ")}. For another password: npx refrain user passwd ${there[0]}`);
    } catch (error) {
      onProblem(error instanceof Error ? error.message : String(error));
    } finally {
      busy.value = false;
    }
  };
  return (
    <div class="chat-make">
      <h3>No user to try with?</h3>
      <p>{names.length > 1 ? "Two users to try with, each with a password that is made for you:" : "A user to try with, with a password that is made for you:"}</p>
      <button type="button" aria-disabled={busy.value} onClick={() => void make()}>Make {visible(names.join(" and "))}</button>
    </div>
  );
}
