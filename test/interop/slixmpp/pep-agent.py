"""slixmpp with personal eventing, for python-agent.py: its plugins for pubsub, PEP, tunes, and public and private data."""
import xml.etree.ElementTree as ET

from slixmpp.xmlstream import ElementBase

from common import ANSWER_S, Client as CommonClient, CommonAgent, stanza_error

PLUGINS = ("xep_0004", "xep_0030", "xep_0060", "xep_0115", "xep_0118", "xep_0163", "xep_0199", "xep_0203", "xep_0222", "xep_0223")


class Note(ElementBase):
    name = plugin_attrib = "note"
    namespace = "urn:test:note"


class Client(CommonClient):
    """What it is told of nodes, in order, as its plugins understand it."""

    def __init__(self, jid, password):
        super().__init__(jid, password, PLUGINS)
        self.add_event_handler("user_tune_publish", lambda message: self.tell("tune", message))
        self.add_event_handler("pubsub_publish", lambda message: self.tell("publish", message))
        self.add_event_handler("pubsub_retract", lambda message: self.tell("retract", message))
        self.add_event_handler("pubsub_purge", lambda message: self.tell("purge", message))
        self.add_event_handler("pubsub_delete", lambda message: self.tell("delete", message))

    def tell(self, kind, message):
        told = {"kind": kind, "from": message["from"].full}
        if kind == "tune":
            told["title"] = message["pubsub_event"]["items"]["item"]["tune"]["title"]
        if kind in ("publish", "retract"):
            told["node"] = message["pubsub_event"]["items"]["node"]
        self.told.append(told)


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(Client)

    async def presence(self, client, to=None, type=None):
        self.clients[client].send_presence(pto=to, ptype=type)

    async def interest(self, client, node):
        """Says in its capabilities that it wants to hear of the node, and sends presence with them."""
        made = self.clients[client]
        made["xep_0163"].add_interest(node)
        await made["xep_0115"].update_caps()

    async def tune(self, client, title):
        return (await self.clients[client]["xep_0118"].publish_tune(title=title, timeout=ANSWER_S))["type"]

    async def store(self, client, private, node, id, text):
        """By the profile of XEP-0222 or XEP-0223."""
        note = Note()
        note.xml.text = text
        plugin = self.clients[client]["xep_0223" if private else "xep_0222"]
        return (await plugin.store(note, node, id=id, timeout=ANSWER_S))["type"]

    async def publish(self, client, node, id, text, options=None):
        note = ET.Element("{urn:test:note}note")
        note.text = text
        form = None
        if options is not None:
            form = self.clients[client]["xep_0004"].make_form(ftype="submit")
            form.add_field(var="FORM_TYPE", ftype="hidden", value="http://jabber.org/protocol/pubsub#publish-options")
            for name, value in options.items():
                form.add_field(var=f"pubsub#{name}", value=value)
        answer = await self.clients[client]["xep_0060"].publish(None, node, id=id, payload=note, options=form, timeout=ANSWER_S)
        return answer["pubsub"]["publish"]["item"]["id"]

    async def items(self, client, node, jid=None, max_items=None):
        answer = await self.clients[client]["xep_0060"].get_items(jid, node, max_items=max_items, timeout=ANSWER_S)
        return [[item["id"], item["payload"].text] for item in answer["pubsub"]["items"]]

    async def config(self, client, node):
        answer = await self.clients[client]["xep_0060"].get_node_config(None, node, timeout=ANSWER_S)
        return answer["pubsub_owner"]["configure"]["form"]["values"]

    async def retract(self, client, node, id):
        return (await self.clients[client]["xep_0060"].retract(None, node, id, notify=True, timeout=ANSWER_S))["type"]

    async def purge(self, client, node):
        return (await self.clients[client]["xep_0060"].purge(None, node, timeout=ANSWER_S))["type"]

    async def delete(self, client, node):
        return (await self.clients[client]["xep_0060"].delete_node(None, node, timeout=ANSWER_S))["type"]

    async def create(self, client, node):
        return (await self.clients[client]["xep_0060"].create_node(None, node, timeout=ANSWER_S))["type"]

    async def subscribe(self, client, jid, node):
        answer = await self.clients[client]["xep_0060"].subscribe(jid, node, timeout=ANSWER_S)
        return answer["pubsub"]["subscription"]["subscription"]

    async def nodes(self, client, jid):
        answer = await self.clients[client]["xep_0060"].get_nodes(jid=jid, timeout=ANSWER_S)
        return sorted(node for _, node, _ in answer["disco_items"]["items"] if node)

    async def info(self, client, jid):
        answer = await self.clients[client]["xep_0030"].get_info(jid=jid, local=False, cached=False, timeout=ANSWER_S)
        return sorted([category, kind] for category, kind, _, _ in answer["disco_info"]["identities"])

    async def heard(self, client):
        """Since it logged in."""
        return self.clients[client].told
