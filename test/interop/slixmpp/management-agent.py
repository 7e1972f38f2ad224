"""slixmpp with its stream management, for python-agent.py: whenever its connection ends it connects again."""
import asyncio
from pathlib import Path

from slixmpp import ClientXMPP

ANSWER_S = 5
EVENTS = ("session_start", "sm_enabled", "session_resumed", "sm_failed", "session_end")


class Client(ClientXMPP):
    def __init__(self, jid, password):
        super().__init__(jid, password, sasl_mech="PLAIN")
        self.register_plugin("xep_0199")
        self.register_plugin("xep_0198")
        self.use_ipv6 = False
        self.staying = True
        self.happened = []
        self.messages = []
        self.presences = []
        for name in EVENTS:
            self.add_event_handler(name, lambda _, name=name: self.happened.append(name))
        self.add_event_handler("stream_error", lambda error: self.happened.append(error["condition"]))
        self.add_event_handler("message", lambda message: self.messages.append(message["body"]))
        for name in ("available", "unavailable"):
            self.add_event_handler(f"presence_{name}", lambda stanza, name=name: self.presences.append([name, stanza["from"].full]))
        self.add_event_handler("disconnected", self.on_disconnected)

    def on_disconnected(self, reason):
        if self.staying:
            self.connect(use_ssl=None, force_starttls=None, disable_starttls=None)


def stanza_error(error):
    return None


class Agent:
    """Each method without a leading underscore is a call; its parameters are the call's."""

    def __init__(self):
        self.clients = {}

    async def login(self, client, jid, password, port, ca):
        made = self.clients[client] = Client(jid, password)
        made.ca_certs = Path(ca)
        made.default_port = port
        online = asyncio.get_running_loop().create_future()
        # What it sends before that is not counted, and not sent again.
        made.add_event_handler("sm_enabled", lambda _: online.set_result(True), disposable=True)
        made.connect(("localhost", port), use_ssl=False)
        return {"online": await asyncio.wait_for(online, ANSWER_S), "jid": made.boundjid.full}

    async def presence(self, client):
        self.clients[client].send_presence()

    async def message(self, client, to, bodies):
        for body in bodies:
            self.clients[client].send_message(mto=to, mbody=body, mtype="chat")

    async def happened(self, client):
        return self.clients[client].happened

    async def messages(self, client):
        return self.clients[client].messages

    async def presences(self, client):
        return self.clients[client].presences

    async def unacknowledged(self, client):
        """How many stanzas the server has not acknowledged; asks it to."""
        plugin = self.clients[client]["xep_0198"]
        if plugin.enabled_in:
            plugin.request_ack()
        return len(plugin.unacked_queue)

    async def abort(self, client):
        self.clients[client].abort()

    async def ping(self, client, to):
        await self.clients[client]["xep_0199"].send_ping(to, timeout=ANSWER_S)

    async def logout(self, client):
        self.clients[client].staying = False
        await self.clients[client].disconnect()
