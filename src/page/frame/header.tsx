import type { Store } from "../model/contract.ts";
import { number, visible } from "../text.ts";
import { sessionsPlace } from "../sessions/list-state.ts";
import { Link } from "./links.tsx";
import { Mark } from "./icons.tsx";
import { ThemeSwitch } from "./theme.tsx";
import "./header.css";

export function Header({ store, onHelp, onDropped }: { readonly store: Store; readonly onHelp: () => void; readonly onDropped: () => void }) {
  const { view } = store.route.value;
  const hello = store.hello.value;
  const dropped = store.dropped.value;
  return (
    <header class="header">
      <Link store={store} to={{ view: "overview" }} class="header-name" label="refrain">
        <Mark />
        <span>refrain</span>
      </Link>
      <nav class="header-nav" aria-label="Views">
        <Link store={store} to={{ view: "overview" }} current={view === "overview"}>Overview</Link>
        <Link store={store} to={sessionsPlace.value} current={view === "sessions" || view === "session"}>Sessions</Link>
        {hello?.chat === true && <Link store={store} to={{ view: "chat", tab: "chart" }} current={view === "chat"}>Chat</Link>}
      </nav>
      {hello !== undefined && (
        <p class="header-server" title={visible(`${hello.software} ${hello.version}, ${hello.hosts.join(", ")}`)}>
          <bdi>{visible(hello.hosts.join(", "))}</bdi>
          <span class="header-soft">{visible(`${hello.software} ${hello.version}`)}</span>
        </p>
      )}
      <div class="header-end">
        {hello?.bodies === false && (
          <span class="header-badge header-bodies" title={withheld}>texts withheld</span>
        )}
        {hello?.bodies === true && hello.live && (
          <span class="header-badge header-shown" title="The server was started with --inspect-bodies: what people write stands here in full.">texts are shown</span>
        )}
        {dropped > 0 && (
          <button type="button" class="header-dropped" onClick={onDropped} title="What this page missed, and why">
            {number(dropped)} dropped
          </button>
        )}
        <Connection store={store} />
        <ThemeSwitch />
        <button type="button" class="frame-icon-button" aria-label="Keys and help" title="Keys and help (?)" onClick={onHelp}>?</button>
      </div>
    </header>
  );
}

const withheld = "What people write is shown as “[42 characters]”. A server that is started with --inspect-bodies shows it.";

const connections = {
  connecting: "connecting",
  open: "live",
  closed: "away",
  refused: "no entry",
} as const;

function Connection({ store }: { readonly store: Store }) {
  const connection = store.connection.value;
  const recorded = connection === "open" && store.hello.value?.live === false;
  const word = recorded ? "recorded" : connections[connection];
  const kind = recorded ? "recorded" : connection;
  return (
    <span role="status" class={`header-connection header-connection-${kind}`} title={`The connection to the server: ${word}`}>
      <span class="header-connection-dot" aria-hidden="true" />
      <span class="header-connection-word">{word}</span>
    </span>
  );
}
