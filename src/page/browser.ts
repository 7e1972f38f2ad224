/** What the page has of its browser: clock timers and randomness, of which this is the only code that asks for them, the feed, the stream of a client, the way in, and the address. */
import type { PeopleParts } from "./chat/people.ts";
import type { FreePeople, MadePerson } from "../inspector/protocol.ts";
import type { Entrance } from "./model/connection.ts";
import type { PageClock } from "./model/contract.ts";
import type { StoreParts } from "./model/store.ts";

export const browserClock: PageClock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};

/** Below the path that the page itself was served from. */
const base = "/inspect";

export const browserParts: StoreParts = {
  clock: browserClock,

  connect({ opened, text, closed }) {
    const socket = new WebSocket(`${socketScheme()}//${location.host}${base}/feed`);
    socket.addEventListener("open", opened);
    socket.addEventListener("message", ({ data }) => text(String(data)));
    socket.addEventListener("close", ({ code, reason }) => closed(code, reason));
    return { send: sendingOn(socket), close: () => socket.close() };
  },

  async enter(token): Promise<Entrance> {
    try {
      const answer = await fetch(`${base}/enter`, token === undefined ? {} : { method: "POST", body: JSON.stringify({ token }) });
      if (answer.ok) return "entered";
      return answer.status >= 500 ? "unreachable" : "refused";
    } catch {
      return "unreachable";
    }
  },

  address: {
    fragment: () => location.hash,
    replace: (fragment) => history.replaceState(null, "", fragment),
    push: (fragment) => history.pushState(null, "", fragment),
    // Also told of back and forward between fragments.
    onChanged: (changed) => addEventListener("hashchange", changed),
  },
};

/** What is sent while it closes is lost either way, and browsers complain of it; that it is closed is told anyway. */
function sendingOn(socket: WebSocket): (text: string) => void {
  return (text) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(text);
  };
}

/** What is kept of the users that were made to try with: their passwords, for this tab. */
const keptName = "refrain.chat.people";

export const browserChat: PeopleParts = {
  clock: browserClock,

  connect({ opened, text, closed }) {
    const socket = new WebSocket(`${socketScheme()}//${location.host}/xmpp-websocket`, "xmpp");
    socket.addEventListener("open", opened);
    socket.addEventListener("message", ({ data }) => text(String(data)));
    socket.addEventListener("close", ({ reason }) => closed(reason));
    return { send: sendingOn(socket), close: () => socket.close() };
  },

  nonce: () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(18)))),

  async make() {
    const answer = await fetch(`${base}/people`, { method: "POST" });
    if (!answer.ok) throw new Error((await answer.text()).trim());
    return ((await answer.json()) as { readonly people: readonly MadePerson[] }).people;
  },

  async free() {
    try {
      const answer = await fetch(`${base}/people`);
      return answer.ok ? ((await answer.json()) as FreePeople).free : [];
    } catch {
      return [];
    }
  },

  kept: {
    // Browsers that keep nothing throw at the touch of it.
    read() {
      try {
        return sessionStorage.getItem(keptName);
      } catch {
        return null;
      }
    },
    write(text) {
      try {
        sessionStorage.setItem(keptName, text);
      } catch {
        // They are known until the page is closed.
      }
    },
  },
};

function socketScheme(): string {
  return location.protocol === "https:" ? "wss:" : "ws:";
}
