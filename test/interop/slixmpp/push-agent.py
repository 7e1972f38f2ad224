"""slixmpp as an app's client and as its push service, for python-agent.py: requests by hand, forms by its plugin xep_0004."""
import asyncio
import xml.etree.ElementTree as ET

from slixmpp.plugins.xep_0004 import Form
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from common import ANSWER_S, Client as CommonClient, CommonAgent, stanza_error

PUSH = "urn:xmpp:push:0"
PUBSUB = "http://jabber.org/protocol/pubsub"
DATA = "jabber:x:data"


class Client(CommonClient):
    def __init__(self, jid, password):
        super().__init__(jid, password, ("xep_0004", "xep_0030", "xep_0199"))
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


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(Client)

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

    async def show(self, client, to):
        self.clients[client].send_presence(pto=to)

    async def message(self, client, to, body):
        self.clients[client].send_message(mto=to, mbody=body, mtype="chat")

    async def next(self, client, kind):
        return await asyncio.wait_for(self.clients[client].queues[kind].get(), ANSWER_S)

    async def count(self, client, kind):
        return self.clients[client].queues[kind].qsize()
