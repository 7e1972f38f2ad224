/** The way to a session of one's own. */
import { useSignal } from "@preact/signals";
import { CopyButton } from "../frame/copy-button.tsx";
import { visible } from "../text.ts";
import { typedJid } from "./jid.ts";
import type { Known, People } from "./people.ts";

interface Props {
  readonly people: People;
  readonly hosts: readonly string[];
  readonly onDone: () => void;
}

export function SignIn({ people, hosts, onDone }: Props) {
  const problem = useSignal("");
  const signIn = (jid: string, password: string) => {
    const cut = jid.lastIndexOf("@");
    const [username, domain] = [jid.slice(0, cut), jid.slice(cut + 1)];
    if (!hosts.includes(domain)) return void (problem.value = `This server serves ${hosts.join(", ")}, not ${domain}.`);
    if (people.all.value.some(({ account }) => account.username === username && account.domain === domain)) return void (problem.value = `${jid} is on this page already.`);
    people.signIn({ username, domain, password });
    onDone();
  };
  const waiting = people.known.value.filter(({ jid }) => people.all.value.every(({ bare }) => bare.value !== jid));
  return (
    <div class="chat-sign-in">
      <h2>Sign in</h2>
      {waiting.map((one) => <KnownPerson key={one.jid} known={one} onSignIn={() => signIn(one.jid, one.password)} />)}
      <Form hosts={hosts} onSignIn={signIn} onProblem={(words) => (problem.value = words)} />
      <p class="chat-problem" role="alert">{visible(problem.value)}</p>
      {people.known.value.length === 0 && <Make people={people} host={hosts[0] ?? "localhost"} onProblem={(words) => (problem.value = words)} />}
    </div>
  );
}

function KnownPerson({ known, onSignIn }: { readonly known: Known; readonly onSignIn: () => void }) {
  return (
    <div class="chat-known">
      <button type="button" onClick={onSignIn}>Sign in as <bdi>{visible(known.jid)}</bdi></button>
      <p>For other clients: password <code>{visible(known.password)}</code> <CopyButton text={known.password} what={`the password of ${known.jid}`} /></p>
    </div>
  );
}

function Form({ hosts, onSignIn, onProblem }: { readonly hosts: readonly string[]; readonly onSignIn: (jid: string, password: string) => void; readonly onProblem: (words: string) => void }) {
  const [name, password] = [useSignal(""), useSignal("")];
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
      <label>User <input name="username" autocomplete="username" autocapitalize="none" spellcheck={false} placeholder={`romeo@${hosts[0] ?? "localhost"}`}
        value={name.value} onInput={({ currentTarget }) => (name.value = currentTarget.value)} /></label>
      <label>Password <input type="password" name="password" autocomplete="current-password"
        value={password.value} onInput={({ currentTarget }) => (password.value = currentTarget.value)} /></label>
      <button type="submit" class="chat-primary">Sign in</button>
    </form>
  );
}

function Make({ people, host, onProblem }: { readonly people: People; readonly host: string; readonly onProblem: (words: string) => void }) {
  const busy = useSignal(false);
  const make = async () => {
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
      <h3>Nobody is here yet?</h3>
      <p>Two users to try with, each with a password that is made for you:</p>
      <button type="button" disabled={busy.value} onClick={() => void make()}>Make romeo and juliet</button>
      <p>Or in a terminal: <code>npx refrain user add romeo@{visible(host)}</code></p>
    </div>
  );
}
