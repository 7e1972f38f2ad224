"""What the agents with slixmpp have in common: a client that gets in by the quickest way, and the calls that all have."""
import asyncio
from pathlib import Path

from slixmpp import ClientXMPP
from slixmpp.exceptions import IqError

ANSWER_S = 5


class Client(ClientXMPP):
    """With these plugins and no others. What it keeps in `told` is told by the call of that name."""

    # The first event after which what it sends is all that a test expects of it.
    READY = "session_start"

    def __init__(self, jid, password, plugins, mechanism="PLAIN"):
        super().__init__(jid, password, sasl_mech=mechanism)
        for plugin in plugins:
            self.register_plugin(plugin)
        self.use_ipv6 = False
        self.told = []


def described_error(error):
    return {"type": error["type"], "condition": error["condition"], "text": error["text"]}


def stanza_error(error):
    return described_error(error.iq["error"]) if isinstance(error, IqError) else None


class CommonAgent:
    """Each method without a leading underscore is a call; its parameters are the call's."""

    def __init__(self, make):
        """`make`: a Client of a JID, a password and what else a login takes."""
        self._make = make
        self.clients = {}

    async def login(self, client, jid, password, port, ca, **more):
        made = self.clients[client] = self._make(jid, password, **more)
        online = asyncio.get_running_loop().create_future()
        made.add_event_handler(made.READY, lambda _: online.set_result(True), disposable=True)
        self._connect(made, port, ca)
        return {"online": await asyncio.wait_for(online, ANSWER_S), "jid": made.boundjid.full}

    def _connect(self, made, port, ca, direct=False, cleartext=False):
        made.ca_certs = Path(ca)
        # Looked up by name, so that the name is checked; the port of what is looked up is the default one.
        made.default_port = port
        made.connect(("localhost", port), use_ssl=direct, disable_starttls=direct or cleartext)

    async def ping(self, client, to):
        answer = await self.clients[client]["xep_0199"].send_ping(to, timeout=ANSWER_S)
        return {"from": answer["from"].full, "type": answer["type"]}

    async def told(self, client):
        """Since the last look."""
        told, self.clients[client].told = self.clients[client].told, []
        return told

    async def logout(self, client):
        made = self.clients[client]
        if made.is_connected():
            await made.disconnect()
        return {"connected": made.is_connected(), "reason": made.disconnect_reason}
