"""slixmpp as an app's client and as its push service, for python-agent.py: requests by hand, forms by its plugin xep_0004."""
import asyncio
import xml.etree.ElementTree as ET
from pathlib import Path

from slixmpp import ClientXMPP
from slixmpp.exceptions import IqError
from slixmpp.plugins.xep_0004 import Form
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

ANSWER_S = 5
PUSH = "urn:xmpp:push:0"
PUBSUB = "http://jabber.org/protocol/pubsub"
DATA = "jabber:x:data"


class Client(ClientXMPP):
    def __init__(self, jid, password):
        super().__init__(jid, password, sasl_mech="PLAIN")
        for plugin in ("xep_0004", "xep_0030", "xep_0199"):
            self.register_plugin(plugin)
        self.use_ipv6 = False
        self.queues = {"notification": asyncio.Queue()}
        self.register_handler(Callback("push", MatchXPath(f"{{jabber:client}}iq/{{{PUBSUB}}}pubsub"), self.on_notification))

    def on_notification(self, iq):
        publish = iq.xml.find(f"{{{PUBSUB}}}pubsub/{{{PUBSUB}}}publish")
        self.queues["notification"].put_nowait({
            "from": iq["from"].full,
            "type": iq["type"],
            "node": publish.get("node"),
            "summary": values(publish.find(f"{{{PUBSUB}}}item/{{{PUSH}}}notification/{{{DATA}}}x")),
            "options": values(iq.xml.find(f"{{{PUBSUB}}}pubsub/{{{PUBSUB}}}publish-options/{{{DATA}}}x")),
        })
        iq.reply().send()


def values(xml):
    return None if xml is None else Form(xml=xml).get_values()


def stanza_error(error):
    if not isinstance(error, IqError):
        return None
    return {"type": error.iq["error"]["type"], "condition": error.iq["error"]["condition"], "text": error.iq["error"]["text"]}


class Agent:
    """Each method without a leading underscore is a call; its parameters are the call's."""

    def __init__(self):
        self.clients = {}

    async def login(self, client, jid, password, port, ca):
        made = self.clients[client] = Client(jid, password)
        made.ca_certs = Path(ca)
        made.default_port = port
        online = asyncio.get_running_loop().create_future()
        made.add_event_handler("session_start", lambda _: online.set_result(True), disposable=True)
        made.connect(("localhost", port), use_ssl=False)
        return {"online": await asyncio.wait_for(online, ANSWER_S), "jid": made.boundjid.full}

    async def features(self, client, to):
        answer = await self.clients[client]["xep_0030"].get_info(jid=to, local=False, cached=False, timeout=ANSWER_S)
        return sorted(answer["disco_info"]["features"])

    async def enable(self, client, jid, node, secret=None):
        enable = ET.Element(f"{{{PUSH}}}enable", {"jid": jid, "node": node})
        if secret is not None:
            form = self.clients[client]["xep_0004"].make_form(ftype="submit")
            form.add_field(var="FORM_TYPE", ftype="hidden", value=f"{PUBSUB}#publish-options")
            form.add_field(var="secret", value=secret)
            enable.append(form.xml)
        await self._set(client, enable)

    async def disable(self, client, jid):
        await self._set(client, ET.Element(f"{{{PUSH}}}disable", {"jid": jid}))

    async def _set(self, client, payload):
        iq = self.clients[client].make_iq_set(sub=payload)
        await iq.send(timeout=ANSWER_S)

    async def message(self, client, to, body):
        self.clients[client].send_message(mto=to, mbody=body, mtype="chat")

    async def ping(self, client, to):
        await self.clients[client]["xep_0199"].send_ping(to, timeout=ANSWER_S)

    async def next(self, client, kind):
        return await asyncio.wait_for(self.clients[client].queues[kind].get(), ANSWER_S)

    async def count(self, client, kind):
        return self.clients[client].queues[kind].qsize()

    async def logout(self, client):
        made = self.clients.pop(client)
        if made.is_connected():
            await made.disconnect()
