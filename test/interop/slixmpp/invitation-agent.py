"""slixmpp, for python-agent.py: it executes the commands that invite, and makes its account with a token before it logs in."""
import asyncio
import xml.etree.ElementTree as ElementTree

from slixmpp.exceptions import IqError

from common import ANSWER_S, Client as CommonClient, CommonAgent, described_error

COMMANDS = "{http://jabber.org/protocol/commands}"
DATA = "{jabber:x:data}"


class Client(CommonClient):
    def __init__(self, jid, password, token=None):
        super().__init__(jid, password, ("xep_0004", "xep_0030", "xep_0050", "xep_0066", "xep_0077"))
        registration = self["xep_0077"]
        registration.create_account = token is not None
        # slixmpp 1.8 keeps all but binding back until it has logged in, its plugin's own requests too.
        self._always_send_everything = token is not None
        self.token = token
        self.fault = None
        self.ended = asyncio.get_running_loop().create_future()
        self.add_event_handler("register", self.on_register)
        self.add_event_handler("failed_auth", lambda _: self.disconnect())
        self.add_event_handler("disconnected", lambda _: self.ended.done() or self.ended.set_result(True))
        self.add_event_handler("roster_update", self.on_roster)
        self.add_event_handler("session_start", lambda _: self.send_presence())
        if token is not None:
            # Its plugin knows nothing of tokens: the token comes before what the plugin asks for.
            self.unregister_feature("register", registration.order)
            self.register_feature("register", self.on_feature, restart=False, order=registration.order)

    async def on_feature(self, features):
        iq = self.Iq()
        iq["type"] = "set"
        iq["to"] = self.boundjid.host
        iq.append(ElementTree.Element("{urn:xmpp:pars:0}preauth", {"token": self.token}))
        try:
            await iq.send(timeout=ANSWER_S)
        except IqError as error:
            self.fault = described_error(error.iq["error"])
            self.disconnect()
            return True
        return await self["xep_0077"]._handle_register_feature(features)

    async def on_register(self, form):
        iq = self.Iq()
        iq["type"] = "set"
        iq["register"]["username"] = self.boundjid.user
        iq["register"]["password"] = self.password
        try:
            await iq.send(timeout=ANSWER_S)
        except IqError as error:
            self.fault = described_error(error.iq["error"])
            self.disconnect()

    def on_roster(self, iq):
        if iq["type"] == "set":
            self.told += [[str(jid), item["subscription"]] for jid, item in iq["roster"]["items"].items()]


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(Client)

    async def login(self, client, jid, password, port, ca, **more):
        made = self.clients[client] = self._make(jid, password, **more)
        online = asyncio.get_running_loop().create_future()
        made.add_event_handler("session_start", lambda _: online.set_result(True), disposable=True)
        self._connect(made, port, ca)
        await asyncio.wait({online, made.ended}, timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
        return {"online": online.done(), "jid": made.boundjid.full, "fault": made.fault}

    async def invite(self, client, node, values=None):
        """The fields of the result."""
        made = self.clients[client]
        command = await self._command(made, node)
        if command.get("status") == "executing":
            form = ElementTree.Element(DATA + "x", {"type": "submit"})
            for name, value in (values or {}).items():
                field = ElementTree.SubElement(form, DATA + "field", {"var": name})
                ElementTree.SubElement(field, DATA + "value").text = value
            command = await self._command(made, node, command.get("sessionid"), form)
        return {field.get("var"): field.findtext(DATA + "value") for field in command.iter(DATA + "field")}

    async def _command(self, made, node, session=None, form=None):
        iq = made.Iq()
        iq["type"] = "set"
        iq["to"] = made.boundjid.host
        element = ElementTree.Element(COMMANDS + "command", {"node": node, **({"sessionid": session} if session else {})})
        if form is not None:
            element.append(form)
        iq.append(element)
        return (await iq.send(timeout=ANSWER_S)).xml.find(COMMANDS + "command")

    async def contacts(self, client):
        made = self.clients[client]
        answer = await made.get_roster(timeout=ANSWER_S)
        return {str(jid): item["subscription"] for jid, item in answer["roster"]["items"].items()}
