"""slixmpp at the end of a pipe: one JSON object a line in (a call), one a line out (its answer, or an error)."""
import asyncio
import json
import logging
import ssl
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from slixmpp import ClientXMPP
from slixmpp.exceptions import IqError

ANSWER_S = 5


class Client(ClientXMPP):
    """Collects what happens to it in queues, one for each kind."""

    def __init__(self, jid, password, mechanism=None, binding="offered"):
        super().__init__(jid, password, sasl_mech=mechanism)
        for plugin in ("xep_0030", "xep_0092", "xep_0199", "xep_0202"):
            self.register_plugin(plugin)
        self.use_ipv6 = False
        self.queues = {kind: asyncio.Queue() for kind in ("message", "presence", "stream-error", "ended")}
        self.refusals = []
        self.login = asyncio.get_running_loop().create_future()
        if binding == "none":
            self.hide_binding()
        self.add_event_handler("session_start", lambda _: self.finish_login(True))
        self.add_event_handler("failed_auth", self.on_refused)
        self.add_event_handler("stream_error", self.on_stream_error)
        self.add_event_handler("disconnected", self.on_disconnected)
        self.add_event_handler("connection_failed", lambda reason: self.finish_login(False, str(reason)))
        for event in ("message", "message_error"):
            self.add_event_handler(event, lambda message: self.queues["message"].put_nowait(described(message)))
        for event in ("presence_available", "presence_unavailable", "presence_error"):
            self.add_event_handler(event, lambda presence: self.queues["presence"].put_nowait(described(presence)))

    def hide_binding(self):
        """A client on a platform without channel binding: gs2 flag "n" instead of "y" (RFC 5802 section 6)."""
        mechanisms = self["feature_mechanisms"]
        credentials = mechanisms.sasl_callback

        def without_binding(required, optional):
            return credentials(required, optional - {"channel_binding"})

        mechanisms.sasl_callback = without_binding

    def on_refused(self, failure):
        mechanism = self["feature_mechanisms"].mech.name
        self.refusals.append({"mechanism": mechanism, "condition": failure["condition"]})

    def on_stream_error(self, error):
        self.queues["stream-error"].put_nowait({"condition": error["condition"], "text": error["text"]})

    def on_disconnected(self, reason):
        self.queues["ended"].put_nowait({"reason": str(reason)})
        self.finish_login(False, f"disconnected: {reason}")

    def finish_login(self, online, why=None):
        if self.login.done():
            return
        tls = self.socket if isinstance(self.socket, ssl.SSLObject) else None
        mechanism = self["feature_mechanisms"].mech
        self.login.set_result({
            "online": online,
            "jid": self.boundjid.full if online else None,
            "mechanism": mechanism.name if online else None,
            "tls": tls.version() if tls else None,
            "refusals": self.refusals,
            "why": why,
        })


def described(stanza):
    error = stanza["error"] if stanza["type"] == "error" else None
    return {
        "from": stanza["from"].full,
        "to": stanza["to"].full,
        "type": stanza["type"],
        "id": stanza["id"],
        "lang": stanza["lang"],
        "body": stanza["body"] if stanza.name == "message" else None,
        "priority": stanza["priority"] if stanza.name == "presence" else None,
        "error": described_error(error) if error is not None else None,
    }


def described_error(error):
    return {"type": error["type"], "condition": error["condition"], "text": error["text"]}


class Agent:
    """Each method without a leading underscore is a call; its parameters are the call's."""

    def __init__(self):
        self.clients = {}

    async def login(self, client, jid, password, port, ca, direct=False, mechanism=None, binding="offered", tls=None, cleartext=False):
        made = self.clients[client] = Client(jid, password, mechanism, binding)
        made.ca_certs = Path(ca)
        if tls == "TLSv1.2":
            made.ssl_context.maximum_version = ssl.TLSVersion.TLSv1_2
        # Looked up by name, so that the name is checked; the port of what is looked up is the default one.
        made.default_port = port
        made.connect(("localhost", port), use_ssl=direct, disable_starttls=direct or cleartext)
        return await asyncio.wait_for(asyncio.shield(made.login), ANSWER_S)

    async def message(self, client, to, body, type="chat", id="m"):
        message = self.clients[client].make_message(mto=to, mbody=body, mtype=type)
        message["id"] = id
        message.send()

    async def presence(self, client, to=None, type=None, priority=None):
        self.clients[client].send_presence(pto=to, ptype=type, ppriority=priority)

    async def next(self, client, kind):
        return await asyncio.wait_for(self.clients[client].queues[kind].get(), ANSWER_S)

    async def count(self, client, kind):
        return self.clients[client].queues[kind].qsize()

    async def ping(self, client, to):
        answer = await self.clients[client]["xep_0199"].send_ping(to, timeout=ANSWER_S)
        return {"from": answer["from"].full, "type": answer["type"]}

    async def info(self, client, to):
        answer = await self.clients[client]["xep_0030"].get_info(jid=to, local=False, cached=False, timeout=ANSWER_S)
        info = answer["disco_info"]
        identities = sorted([category, kind] for category, kind, _, _ in info["identities"])
        return {"identities": identities, "features": sorted(info["features"])}

    async def items(self, client, to):
        answer = await self.clients[client]["xep_0030"].get_items(jid=to, local=False, timeout=ANSWER_S)
        return sorted(str(jid) for jid, _, _ in answer["disco_items"]["items"])

    async def version(self, client, to):
        answer = await self.clients[client]["xep_0092"].get_version(to, timeout=ANSWER_S)
        return {"name": answer["software_version"]["name"], "version": answer["software_version"]["version"]}

    async def time(self, client, to):
        answer = await self.clients[client]["xep_0202"].get_entity_time(to, timeout=ANSWER_S)
        # As text: slixmpp 1.8's own reading of both values fails on every answer that XEP-0202 allows.
        text = answer["entity_time"].xml.findtext
        return {"utc": text("{urn:xmpp:time}utc"), "tzo": text("{urn:xmpp:time}tzo")}

    async def roster(self, client):
        answer = await self.clients[client].get_roster(timeout=ANSWER_S)
        return sorted(str(jid) for jid in answer["roster"]["items"])

    async def query(self, client, to, name, xmlns, type="get"):
        iq = self.clients[client].make_iq(ito=to, itype=type)
        iq.append(ET.Element(f"{{{xmlns}}}{name}"))
        answer = await iq.send(timeout=ANSWER_S)
        return {"from": answer["from"].full, "type": answer["type"]}

    async def logout(self, client):
        await self.clients[client].disconnect()
        return {"connected": self.clients[client].is_connected(), "reason": self.clients[client].disconnect_reason}


def line_of(id, result):
    return json.dumps({"id": id, **result})


async def answer(agent, call):
    try:
        result = {"result": await getattr(agent, call["call"])(**call["with"])}
    except IqError as error:
        result = {"stanzaError": described_error(error.iq["error"])}
    except Exception as error:
        result = {"failure": f"{type(error).__name__}: {error}"}
    print(line_of(call["id"], result), flush=True)


async def main():
    logging.basicConfig(level=logging.CRITICAL, stream=sys.stderr)
    agent = Agent()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    running = set()
    while line := await reader.readline():
        task = asyncio.ensure_future(answer(agent, json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)


asyncio.run(main())
