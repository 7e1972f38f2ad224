/** What the page has of its browser: clock and timers, of which this is the only code that asks for them, the feed, the way in, and the address. */
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
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${base}/feed`);
    socket.addEventListener("open", opened);
    socket.addEventListener("message", ({ data }) => text(String(data)));
    socket.addEventListener("close", ({ code, reason }) => closed(code, reason));
    return { send: (text) => socket.send(text), close: () => socket.close() };
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
