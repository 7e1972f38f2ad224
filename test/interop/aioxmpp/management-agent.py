"""aioxmpp with its stream management, for python-agent.py: it comes back by itself."""
import asyncio
import os
import socket
from datetime import timedelta

import aioxmpp
import aioxmpp.connector
import aioxmpp.ping
from aioxmpp import JID, MessageType, PresenceType

ANSWER_S = 5


async def nowhere_else(domain, loop=None, logger=None):
    """Where aioxmpp does not get in at the port it was told, it would ask the DNS for others."""
    return []


aioxmpp.node.discover_connectors = nowhere_else


def stanza_error(error):
    return None


class User:
    def __init__(self, jid, password, port):
        connector = aioxmpp.connector.STARTTLSConnector()
        self.client = aioxmpp.Client(
            JID.fromstr(jid), aioxmpp.make_security_layer(password), override_peer=[("localhost", port, connector)], max_initial_attempts=1,
        )
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


class Agent:
    """Each method without a leading underscore is a call; its parameters are the call's."""

    def __init__(self):
        self.users = {}

    async def login(self, client, jid, password, port, ca):
        os.environ["SSL_CERT_FILE"] = ca
        user = self.users[client] = User(jid, password, port)
        established, failed = user.client.on_stream_established.future(), user.client.on_failure.future()
        user.client.start()
        await asyncio.wait([established, failed], timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
        return {"online": established.done(), "jid": str(user.client.local_jid)}

    async def presence(self, client):
        await self.users[client].client.send(aioxmpp.Presence(type_=PresenceType.AVAILABLE))

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

    async def abort(self, client):
        self.users[client].client.stream._xmlstream.transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    async def ping(self, client, to):
        await aioxmpp.ping.ping(self.users[client].client, JID.fromstr(to))

    async def logout(self, client):
        running = self.users[client].client
        if running.running:
            ended = [running.on_stopped.future(), running.on_failure.future()]
            running.stop()
            await asyncio.wait(ended, timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
