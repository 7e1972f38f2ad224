/** An app on stanza: it comes back by itself. */
const bare = (jid) => stanza.JID.toBare(jid);
let client;

Object.assign(app, {
  signIn(service, jid, password) {
    client = stanza.createClient({ jid, password, transports: { [service.startsWith("ws") ? "websocket" : "bosh"]: service } });
    client.on("session:started", async () => {
      app.jid = client.jid;
      await client.getRoster();
      client.sendPresence();
      app.be("online");
    });
    client.on("stream:management:resumed", () => {
      app.resumptions += 1;
      app.be("online");
    });
    client.on("disconnected", () => {
      app.be("offline");
      setTimeout(() => client.connect(), 200);
    });
    client.on("chat", (message) => app.hear(bare(message.from), message.body));
    client.on("groupchat", (message) => app.hear(message.from, message.body));
    client.on("subscribe", ({ from }) => {
      client.acceptSubscription(from);
      if (app.presence[from] === undefined) client.subscribe(from);
    });
    for (const type of ["available", "unavailable"]) {
      client.on(type, (presence) => app.see(presence.muc === undefined ? bare(presence.from) : presence.from, type === "available"));
    }
    client.connect();
  },
  befriend: (jid) => client.subscribe(jid),
  say: (to, body) => client.sendMessage({ to, body, type: "chat" }),
  enter: (room, nick) => client.joinRoom(room, nick, { muc: { type: "join", history: { maxStanzas: 0 } } }),
  openRoom: (room) => client.configureRoom(room, { fields: [] }),
  sayIn: (room, body) => client.sendMessage({ to: room, body, type: "groupchat" }),
});
