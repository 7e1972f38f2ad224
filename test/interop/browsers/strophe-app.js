/** An app on Strophe.js: it comes back by itself. */
const { Strophe, $iq, $msg, $pres } = globalThis;
const muc = "http://jabber.org/protocol/muc";
const bare = (jid) => Strophe.getBareJidFromJid(jid);
let connection;
/** What was said while there was no connection: Strophe sends nothing then. */
const waiting = [];
const send = (stanza) => (app.state === "online" ? connection.send(stanza) : waiting.push(stanza));

Object.assign(app, {
  signIn(service, jid, password) {
    connection = new Strophe.Connection(service, { enableStreamManagement: true });
    const connect = () => connection.connect(jid, password, (status) => {
      if (status === Strophe.Status.CONNECTED) online();
      if (status === Strophe.Status.CONNFAIL || status === Strophe.Status.AUTHFAIL) app.be(`offline (${status})`);
      if (status !== Strophe.Status.DISCONNECTED) return;
      app.be("offline");
      setTimeout(connect, 200);
    });
    connect();
  },
  befriend: (jid) => send($pres({ to: jid, type: "subscribe" })),
  say: (to, body) => send($msg({ to, type: "chat", id: connection.getUniqueId() }).c("body").t(body)),
  enter: (room, nick) => send($pres({ to: `${room}/${nick}` }).c("x", { xmlns: muc }).c("history", { maxstanzas: "0" })),
  openRoom: (room) => new Promise((resolve, reject) => {
    const form = $iq({ to: room, type: "set" }).c("query", { xmlns: `${muc}#owner` }).c("x", { xmlns: "jabber:x:data", type: "submit" });
    connection.sendIQ(form, resolve, reject);
  }),
  sayIn: (room, body) => send($msg({ to: room, type: "groupchat", id: connection.getUniqueId() }).c("body").t(body)),
});

function online() {
  // They are gone with the connection.
  connection.addHandler((stanza) => message(stanza) ?? true, null, "message");
  connection.addHandler((stanza) => presence(stanza) ?? true, null, "presence");
  if (connection.hasResumed()) {
    app.resumptions += 1;
    return here();
  }
  app.jid = connection.jid;
  connection.sendIQ($iq({ type: "get" }).c("query", { xmlns: Strophe.NS.ROSTER }), () => {
    connection.send($pres());
    here();
  });
}

function here() {
  app.be("online");
  for (const stanza of waiting.splice(0)) connection.send(stanza);
}

function message(stanza) {
  const body = stanza.querySelector(":scope > body")?.textContent;
  const from = stanza.getAttribute("from");
  if (body !== undefined) app.hear(stanza.getAttribute("type") === "groupchat" ? from : bare(from), body);
}

function presence(stanza) {
  const [from, type] = [stanza.getAttribute("from"), stanza.getAttribute("type")];
  if (type === "subscribe") {
    connection.send($pres({ to: from, type: "subscribed" }));
    if (app.presence[from] === undefined) app.befriend(from);
  } else if (type === null || type === "unavailable") {
    app.see(stanza.getElementsByTagNameNS(`${muc}#user`, "x").length === 0 ? bare(from) : from, type === null);
  }
}
