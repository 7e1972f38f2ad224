"""slixmpp with bookmarks in all the ways that it knows, for python-agent.py. It has no plugin for items of their own (XEP-0402)."""
import asyncio
from pathlib import Path
from xml.etree import ElementTree as ET

from slixmpp import ClientXMPP
from slixmpp.exceptions import IqError
from slixmpp.plugins.xep_0048 import Bookmarks

ANSWER_S = 5
NATIVE = "urn:xmpp:bookmarks:1"


class Client(ClientXMPP):
    def __init__(self, jid, password):
        super().__init__(jid, password, sasl_mech="PLAIN")
        for plugin in ("xep_0030", "xep_0060", "xep_0115", "xep_0163", "xep_0199", "xep_0223", "xep_0049", "xep_0048"):
            self.register_plugin(plugin)
        self.use_ipv6 = False
        self.told = []
        self["xep_0060"].map_node_event(NATIVE, "native")
        self.add_event_handler("native_publish", lambda message: self.told.append(message["pubsub_event"]["items"]["item"]["id"]))
        self.add_event_handler("native_retract", lambda message: self.told.append("-" + message["pubsub_event"]["items"]["retract"]["id"]))


def stanza_error(error):
    if not isinstance(error, IqError):
        return None
    found = error.iq["error"]
    return {"type": found["type"], "condition": found["condition"], "text": found["text"]}


def described(bookmarks):
    return [
        {"jid": str(each["jid"]), "name": each["name"], "nick": each["nick"], "autojoin": each["autojoin"]}
        for each in bookmarks["conferences"]
    ]


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

    async def want(self, client):
        """To hear of bookmarks."""
        made = self.clients[client]
        await made["xep_0030"].add_feature(NATIVE + "+notify")
        await made["xep_0115"].update_caps()
        made.send_presence()

    async def ping(self, client, to):
        await self.clients[client]["xep_0199"].send_ping(to, timeout=ANSWER_S)

    async def keep(self, client, method, rooms):
        """`method`: the plugin that stores the list."""
        bookmarks = Bookmarks()
        for room in rooms:
            bookmarks.add_conference(room["jid"], room["nick"], name=room["name"], autojoin=room["autojoin"])
        made = self.clients[client]
        if method == "xep_0049":
            answer = await made["xep_0049"].store(bookmarks, timeout=ANSWER_S)
        else:
            answer = await made["xep_0223"].store(bookmarks, node="storage:bookmarks", id="current", timeout=ANSWER_S)
        return answer["type"]

    async def kept(self, client, method):
        answer = await self.clients[client]["xep_0048"].get_bookmarks(method=method, timeout=ANSWER_S)
        if method == "xep_0049":
            return described(answer["private"]["bookmarks"])
        return [room for item in answer["pubsub"]["items"] for room in described(item["bookmarks"])]

    async def add(self, client, jid, name, nick):
        conference = ET.Element("{%s}conference" % NATIVE, {"name": name, "autojoin": "true"})
        ET.SubElement(conference, "{%s}nick" % NATIVE).text = nick
        made = self.clients[client]
        answer = await made["xep_0060"].publish(made.boundjid.bare, NATIVE, id=jid, payload=conference, timeout=ANSWER_S)
        return answer["type"]

    async def items(self, client):
        made = self.clients[client]
        answer = await made["xep_0060"].get_items(made.boundjid.bare, NATIVE, timeout=ANSWER_S)
        return [item["id"] for item in answer["pubsub"]["items"]]

    async def told(self, client):
        """Since the last look."""
        told, self.clients[client].told = self.clients[client].told, []
        return told

    async def logout(self, client):
        await self.clients[client].disconnect()
