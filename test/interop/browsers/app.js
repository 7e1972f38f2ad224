/** The smallest app on a library, as a web page: each library has its own way to go online, and the same to tell of. */
globalThis.app = {
  state: "offline",
  jid: "",
  /** How often it was online again, with its session still there. */
  resumptions: 0,
  /** `bare JID: text`, or `room/nick: text` in rooms. */
  heard: [],
  /** Who is there, and who was: bare JIDs, and occupants of rooms. */
  presence: {},

  hear(from, text) {
    this.heard.push(`${from}: ${text}`);
    this.show();
  },
  see(from, isThere) {
    this.presence[from] = isThere ? "there" : "gone";
    this.show();
  },
  be(state) {
    this.state = state;
    this.show();
  },
  /** For whoever looks at a picture of it. */
  show() {
    const lines = [`${this.jid} is ${this.state}`, ...Object.entries(this.presence).map(([who, how]) => `  ${who} is ${how}`), "", ...this.heard];
    document.body.replaceChildren(Object.assign(document.createElement("pre"), { textContent: lines.join("\n") }));
  },
};
