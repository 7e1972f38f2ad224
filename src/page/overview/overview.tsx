/** Everything at once: how many sessions are in which state, what goes on each second, and which logins fail. */
import type { ComponentChildren } from "preact";
import type { Store } from "../model/contract.ts";
import { counted, number } from "../text.ts";
import { Link } from "../frame/links.tsx";
import { wantOnly } from "../sessions/list-state.ts";
import { Failures } from "./failures.tsx";
import { Lifecycle } from "./lifecycle.tsx";
import { Machines } from "./machines.tsx";
import { toldEachSecond } from "./rates.ts";
import { Sparkline } from "./sparkline.tsx";
import { countByState } from "./states.ts";
import "./overview.css";

export function Overview({ store }: { readonly store: Store }) {
  const hello = store.hello.value;
  if (hello?.live === false) return <Recorded store={store} />;
  const totals = store.totals.value;
  const counts = countByState(store.sessions.value.values());
  const all = store.sessions.value.size;
  const failures = totals.at(-1)?.loginFailures ?? {};
  const told = toldEachSecond(totals);
  return (
    <div class="overview">
      <h1 class="visually-hidden">Overview</h1>
      {all === 0 && hello !== undefined && <NobodyYet host={hello.hosts[0] ?? "localhost"} />}
      <div class="overview-figures">
        <Figure store={store} name="sessions" count={all} state="" />
        <Figure store={store} name="connected" count={counts.get("connected") ?? 0} state="connected" />
        <Figure store={store} name="hibernating" count={counts.get("hibernating") ?? 0} state="hibernating" />
        <Figure store={store} name="negotiating" count={(counts.get("awaitingStream") ?? 0) + (counts.get("negotiating") ?? 0)} state="negotiating" />
        <Figure store={store} name="closing" count={counts.get("closing") ?? 0} state="closing" />
      </div>
      <div class="overview-columns">
        <Card title="Where sessions are in their life" words="">
          <Lifecycle store={store} counts={counts} all={all} />
        </Card>
        <div class="overview-side">
          <Card title="Transitions a second" words="Events that machines were told, in the last two minutes.">
            <Sparkline name="Transitions a second" values={told} words={(value) => number(Math.round(value * 10) / 10)} />
          </Card>
          <Card title="Sessions over time" words="All that live, in the last two minutes.">
            <Sparkline name="Sessions" values={totals.map(({ sessions }) => sessions)} words={number} />
          </Card>
          <Card title="Login failures" words="By reason, since the server's start. Nothing of them is in the log.">
            <Failures failures={failures} />
          </Card>
          <Card title="Machines" words="">
            <Machines live={all} />
          </Card>
        </div>
      </div>
    </div>
  );
}

function Figure({ store, name, count, state }: { readonly store: Store; readonly name: string; readonly count: number; readonly state: string }) {
  const list = () => {
    wantOnly(state);
    store.route.value = { view: "sessions" };
  };
  return (
    <button type="button" class="overview-figure" onClick={list} title={`List ${state === "" ? "all sessions" : `the sessions that are ${name}`}`}>
      <span class="overview-number">{number(count)}</span>
      <span class="overview-name">{name}</span>
    </button>
  );
}

export function Card({ title, words, children }: { readonly title: string; readonly words: string; readonly children: ComponentChildren }) {
  return (
    <section class="overview-card">
      <h2>{title}</h2>
      {words !== "" && <p class="overview-words">{words}</p>}
      {children}
    </section>
  );
}

function NobodyYet({ host }: { readonly host: string }) {
  return (
    <div class="overview-nobody">
      <p><strong>Nobody is connected.</strong> A session begins with the first byte that a client sends, and shows here at once.</p>
      <p>
        Add somebody with <code>refrain user add juliet@{host}</code> and log in with any XMPP client. To see the login itself, turn on
        “watch new sessions from their first byte” among the sessions. Those that have ended are in the log.
      </p>
    </div>
  );
}

function Recorded({ store }: { readonly store: Store }) {
  const opened = store.hello.value?.opened ?? [];
  return (
    <div class="overview">
      <h1>What was recorded</h1>
      <p>
        No server stands behind this page: it shows sessions from {opened.length === 0 ? "a log" : "what was opened"}, folded
        here by their own machine. Nothing here goes on, and nothing can be changed.
      </p>
      <p>
        <Link store={store} to={{ view: "sessions" }}>{opened.length === 0 ? "Look for a session" : counted(opened.length, "session")}</Link>
      </p>
      <Card title="Machines" words="">
        <Machines live={null} />
      </Card>
    </div>
  );
}
