"""slixmpp with bookmarks in all the ways that it knows, for python-agent.py. It has no plugin for items of their own (XEP-0402)."""
from xml.etree import ElementTree as ET

from slixmpp.plugins.xep_0048 import Bookmarks

from common import ANSWER_S, Client as CommonClient, CommonAgent, stanza_error

NATIVE = "urn:xmpp:bookmarks:1"


class Client(CommonClient):
    def __init__(self, jid, password):
        plugins = ("xep_0030", "xep_0060", "xep_0115", "xep_0163", "xep_0199", "xep_0223", "xep_0049", "xep_0048")
        super().__init__(jid, password, plugins)
        self["xep_0060"].map_node_event(NATIVE, "native")
        self.add_event_handler("native_publish", lambda message: self.told.append(message["pubsub_event"]["items"]["item"]["id"]))
        self.add_event_handler("native_retract", lambda message: self.told.append("-" + message["pubsub_event"]["items"]["retract"]["id"]))


def described(bookmarks):
    return [
        {"jid": str(each["jid"]), "name": each["name"], "nick": each["nick"], "autojoin": each["autojoin"]}
        for each in bookmarks["conferences"]
    ]


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(Client)

    async def want(self, client):
        """To hear of bookmarks."""
        made = self.clients[client]
        await made["xep_0030"].add_feature(NATIVE + "+notify")
        await made["xep_0115"].update_caps()
        made.send_presence()

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
