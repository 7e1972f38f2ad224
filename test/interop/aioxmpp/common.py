"""What the agents with aioxmpp have in common: a client with its services that gets in, and the calls that all have."""
import asyncio
import os
import socket

import aioxmpp
import aioxmpp.connector
import aioxmpp.ping
from aioxmpp import JID, MessageType, PresenceType

ANSWER_S = 5


async def nowhere_else(domain, loop=None, logger=None):
    """Where aioxmpp does not get in at the port it was told, it would ask the DNS for others."""
    return []


aioxmpp.node.discover_connectors = nowhere_else


class User:
    """What it keeps of what happens to it, in order and one list for each kind, `told`, `next` and `count` ask for."""

    def __init__(self, jid, password, port, services, direct=False):
        connector = aioxmpp.connector.XMPPOverTLSConnector() if direct else aioxmpp.connector.STARTTLSConnector()
        security = aioxmpp.make_security_layer(password)
        self.client = aioxmpp.Client(JID.fromstr(jid), security, override_peer=[("localhost", port, connector)], max_initial_attempts=1)
        self.services = {service: self.client.summon(service) for service in services}
        self.queues = {}

    def __getitem__(self, service):
        return self.services[service]

    def queue(self, kind):
        return self.queues.setdefault(kind, asyncio.Queue())

    def keep(self, kind, what):
        self.queue(kind).put_nowait(what)


def stanza_error(error):
    if not isinstance(error, aioxmpp.errors.XMPPError):
        return None
    return {"type": error.TYPE.value, "condition": error.condition.value[1], "text": error.text}


class CommonAgent:
    """Each method without a leading underscore is a call; its parameters are the call's."""

    def __init__(self, make):
        """`make`: a User of a JID, a password, a port and what else a login takes."""
        self._make = make
        self.users = {}

    async def login(self, client, jid, password, port, ca, trusting=True, **more):
        # Where OpenSSL looks for whom to trust, again for each connection.
        os.environ["SSL_CERT_FILE"] = ca if trusting else os.devnull
        user = self.users[client] = self._make(jid, password, port, **more)
        established, failed = user.client.on_stream_established.future(), user.client.on_failure.future()
        user.client.start()
        await asyncio.wait([established, failed], timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
        why = repr(failed.exception()) if failed.done() else None if established.done() else "nothing happens"
        return {"online": established.done(), "jid": str(user.client.local_jid), "why": why}

    async def logout(self, client):
        running = self.users[client].client
        if running.running:
            ended = [running.on_stopped.future(), running.on_failure.future()]
            running.stop()
            await asyncio.wait(ended, timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED)

    async def abort(self, client):
        """Its socket; aioxmpp finds a way back."""
        self.users[client].client.stream._xmlstream.transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    async def next(self, client, kind):
        return await asyncio.wait_for(self.users[client].queue(kind).get(), ANSWER_S)

    async def count(self, client, kind):
        return self.users[client].queue(kind).qsize()

    async def told(self, client, kind):
        """All that was not asked for yet."""
        queue = self.users[client].queue(kind)
        return [queue.get_nowait() for _ in range(queue.qsize())]

    async def ping(self, client, to):
        await aioxmpp.ping.ping(self.users[client].client, JID.fromstr(to))

    async def message(self, client, to, body):
        stanza = aioxmpp.Message(type_=MessageType.CHAT, to=JID.fromstr(to))
        stanza.body[None] = body
        await self.users[client].client.send(stanza)

    async def presence(self, client, type=None, to=None, priority=0):
        # Not by aioxmpp's PresenceServer, which keeps the priority to itself.
        stanza = aioxmpp.Presence(type_=PresenceType(type), to=to and JID.fromstr(to))
        stanza.priority = priority
        await self.users[client].client.send(stanza)
