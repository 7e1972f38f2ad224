"""slixmpp as an external component that answers what it is sent, for python-agent.py. And its users."""
import asyncio
import xml.etree.ElementTree as ET

from slixmpp import ComponentXMPP

from common import ANSWER_S, Client as CommonClient, CommonAgent, stanza_error


class Echo(ComponentXMPP):
    """Says everything again, lets everybody in, and comes back by itself when its stream is gone."""

    def __init__(self, domain, secret, port):
        super().__init__(domain, secret, "localhost", port)
        for plugin in ("xep_0030", "xep_0045", "xep_0092", "xep_0199"):
            self.register_plugin(plugin)
        self["xep_0030"].add_identity(category="gateway", itype="irc", name="Echo")
        self.use_ipv6 = False
        self.sessions = 0
        self.began = asyncio.Event()
        self.told = []
        self.over = False
        self.add_event_handler("session_start", self.on_start)
        self.add_event_handler("disconnected", self.on_disconnected)
        self.add_event_handler("message", self.on_message)
        # It would answer by itself, and ask back.
        self.roster.auto_authorize = None
        self.roster.auto_subscribe = False
        self.add_event_handler("presence_subscribe", self.on_subscribe)
        self.add_event_handler("groupchat_message", lambda message: self.told.append(f"{message['from'].resource}: {message['body']}"))

    def on_start(self, _):
        self.sessions += 1
        self.began.set()

    async def on_disconnected(self, _):
        self.began.clear()
        while not self.over and not self.is_connected():
            self.connect(host="localhost", port=self.server_port)
            await asyncio.sleep(0.2)

    def on_message(self, message):
        if message["type"] in ("chat", "normal"):
            message.reply(message["body"]).send()

    def on_subscribe(self, presence):
        me, user = presence["to"].bare, presence["from"].bare
        self.send_presence(pfrom=me, pto=user, ptype="subscribed")
        self.send_presence(pfrom=f"{me}/echo", pto=user, pstatus="here")


class Client(CommonClient):
    def __init__(self, jid, password):
        super().__init__(jid, password, ("xep_0030", "xep_0045", "xep_0092", "xep_0199"))
        self.queues = {"message": asyncio.Queue(), "presence": asyncio.Queue()}
        self.add_event_handler("message", lambda message: self.queues["message"].put_nowait(described(message)))
        for event in ("changed_subscription", "presence_available", "presence_unavailable"):
            self.add_event_handler(event, self.on_presence)

    def on_presence(self, presence):
        if presence["from"].bare != self.boundjid.bare:
            self.queues["presence"].put_nowait(f"{presence['from'].full} {presence['type']} {presence['status']}".strip())


def described(message):
    error = message["error"]["condition"] if message["type"] == "error" else None
    return [message["from"].full, error or message["body"]]


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(Client)
        self.echo = None

    async def component(self, domain, secret, port):
        self.echo = Echo(domain, secret, port)
        self.echo.server_port = port
        self.echo.connect(host="localhost", port=port)
        await asyncio.wait_for(self.echo.began.wait(), ANSWER_S)

    async def returned(self, sessions):
        """Waits until it has begun so many streams."""
        while self.echo.sessions < sessions:
            await asyncio.sleep(0.02)
        await self.echo.began.wait()

    async def leave(self):
        self.echo.over = True
        await self.echo.disconnect()

    async def enter(self, room, nick, jid):
        presence = self.echo.make_presence(pto=f"{room}/{nick}", pfrom=jid)
        presence.append(ET.Element("{http://jabber.org/protocol/muc}x"))
        presence.send()

    async def heard(self):
        told, self.echo.told = self.echo.told, []
        return told

    async def presence(self, client):
        await self.clients[client].get_roster()
        self.clients[client].send_presence()

    async def message(self, client, to, body):
        self.clients[client].send_message(mto=to, mbody=body, mtype="chat")

    async def say(self, client, room, body):
        self.clients[client].send_message(mto=room, mbody=body, mtype="groupchat")

    async def join(self, client, room, nick):
        """A new room, which is opened at once."""
        await self.clients[client]["xep_0045"].join_muc_wait(room, nick, timeout=ANSWER_S)
        request = self.clients[client].make_iq_set(ito=room)
        query = ET.SubElement(request.xml, "{http://jabber.org/protocol/muc#owner}query")
        ET.SubElement(query, "{jabber:x:data}x", type="submit")
        await request.send(timeout=ANSWER_S)

    async def subscribe(self, client, to):
        self.clients[client].send_presence(pto=to, ptype="subscribe")

    async def info(self, client, to):
        answer = await self.clients[client]["xep_0030"].get_info(jid=to, timeout=ANSWER_S)
        return sorted(list(identity[:2]) for identity in answer["disco_info"]["identities"])

    async def items(self, client, to):
        answer = await self.clients[client]["xep_0030"].get_items(jid=to, timeout=ANSWER_S)
        return sorted(item[0] for item in answer["disco_items"]["items"])

    async def server_version(self):
        """What the component asks of the server."""
        answer = await self.echo["xep_0092"].get_version("localhost", ifrom=f"a@{self.echo.boundjid.domain}", timeout=ANSWER_S)
        return answer["software_version"]["name"]

    async def next(self, client, kind):
        return await asyncio.wait_for(self.clients[client].queues[kind].get(), ANSWER_S)
