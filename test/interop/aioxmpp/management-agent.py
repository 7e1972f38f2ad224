"""aioxmpp with its stream management, for python-agent.py: it comes back by itself."""
from datetime import timedelta

import aioxmpp
from aioxmpp import JID, MessageType

from common import CommonAgent, User as CommonUser, stanza_error


class User(CommonUser):
    def __init__(self, jid, password, port):
        super().__init__(jid, password, port, ())
        self.client.backoff_start = timedelta(milliseconds=50)
        self.client.backoff_cap = timedelta(milliseconds=200)
        self.happened = []
        self.messages = []
        self.presences = []
        for name in ("established", "suspended", "resumed", "destroyed"):
            getattr(self.client, f"on_stream_{name}").connect(lambda *_, name=name: self.happened.append(name))
        messages = self.client.summon(aioxmpp.dispatcher.SimpleMessageDispatcher)
        messages.register_callback(None, None, lambda stanza: self.messages.append(stanza.body.any()))
        presences = self.client.summon(aioxmpp.dispatcher.SimplePresenceDispatcher)
        presences.register_callback(None, None, self.on_presence)

    def on_presence(self, stanza):
        self.presences.append([stanza.type_.value or "available", str(stanza.from_)])


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(User)

    async def message(self, client, to, bodies):
        """Does not wait until the server has them."""
        for body in bodies:
            stanza = aioxmpp.Message(type_=MessageType.CHAT, to=JID.fromstr(to))
            stanza.body[None] = body
            self.users[client].client.enqueue(stanza)

    async def happened(self, client):
        return self.users[client].happened

    async def messages(self, client):
        return self.users[client].messages

    async def presences(self, client):
        return self.users[client].presences

    async def unacknowledged(self, client):
        """How many stanzas the server has not acknowledged; None while there is no stream management."""
        stream = self.users[client].client.stream
        return len(stream.sm_unacked_list) if stream.sm_enabled else None
