"""slixmpp with its plugin for in-band registration, for python-agent.py: it makes its account before it logs in."""
import asyncio

from slixmpp.exceptions import IqError

from common import ANSWER_S, Client as CommonClient, CommonAgent, described_error, stanza_error


class Client(CommonClient):
    def __init__(self, jid, password, register=False):
        super().__init__(jid, password, ("xep_0004", "xep_0030", "xep_0066", "xep_0077", "xep_0199"))
        self["xep_0077"].create_account = register
        # slixmpp 1.8 keeps all but binding back until it has logged in, its plugin's own requests too.
        self._always_send_everything = register
        self.offered = None
        self.fault = None
        self.ended = asyncio.get_running_loop().create_future()
        self.add_event_handler("register", self.on_register)
        self.add_event_handler("failed_auth", lambda _: self.disconnect())
        self.add_event_handler("disconnected", lambda _: self.ended.done() or self.ended.set_result(True))

    async def on_register(self, form):
        self.offered = sorted(form["register"]["fields"])
        iq = self.Iq()
        iq["type"] = "set"
        iq["register"]["username"] = self.boundjid.user
        iq["register"]["password"] = self.password
        try:
            await iq.send(timeout=ANSWER_S)
        except IqError as error:
            self.fault = described_error(error.iq["error"])
            self.disconnect()


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(Client)

    async def login(self, client, jid, password, port, ca, **more):
        made = self.clients[client] = self._make(jid, password, **more)
        online = asyncio.get_running_loop().create_future()
        made.add_event_handler("session_start", lambda _: online.set_result(True), disposable=True)
        self._connect(made, port, ca)
        await asyncio.wait({online, made.ended}, timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
        return {"online": online.done(), "jid": made.boundjid.full, "offered": made.offered, "fault": made.fault}

    async def change(self, client, password):
        try:
            await self.clients[client]["xep_0077"].change_password(password, timeout=ANSWER_S)
        except IqError as error:
            return stanza_error(error)

    async def cancel(self, client):
        made = self.clients[client]
        try:
            await made["xep_0077"].cancel_registration(timeout=ANSWER_S)
        except IqError as error:
            return stanza_error(error)
        await asyncio.wait_for(made.ended, ANSWER_S)
