"""slixmpp with ad-hoc commands, for python-agent.py: its plugins for them, and for service administration."""
import asyncio

from common import ANSWER_S, Client as CommonClient, CommonAgent, stanza_error
from slixmpp.exceptions import IqError

PLUGINS = ("xep_0004", "xep_0030", "xep_0050", "xep_0133", "xep_0199")


class Client(CommonClient):
    def __init__(self, jid, password):
        super().__init__(jid, password, PLUGINS)
        self.add_event_handler("message", lambda message: self.told.append([message["type"], message["subject"], message["body"]]))


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(Client)

    async def presence(self, client):
        self.clients[client].send_presence()

    async def commands(self, client, jid):
        """The nodes of the list, by its own discovery."""
        answer = await self.clients[client]["xep_0050"].get_commands(jid, timeout=ANSWER_S)
        return [item["node"] for item in answer["disco_items"]]

    async def execute(self, client, jid, node, values=None, forwards="complete"):
        """By its sessions: they begin it, and fill in each form that they are given. What came, in order."""
        made = self.clients[client]
        plugin = made["xep_0050"]
        over = asyncio.get_running_loop().create_future()
        seen = []

        def step(iq, session):
            command = iq["command"]
            seen.append([command["status"], sorted(command["actions"]), [list(note) for note in command["notes"]]])
            if command["status"] != "executing":
                form = command["form"] if command.xml.find("{jabber:x:data}x") is not None else None
                seen.append({} if form is None else {key: value for key, value in form.get_values().items() if key != "FORM_TYPE"})
                over.set_result(seen)
                return
            form = command["form"]
            form["type"] = "submit"
            form.set_values(values)
            session["payload"] = form
            session["next"] = step
            if forwards == "cancel":
                plugin.cancel_command(session)
            else:
                plugin.complete_command(session)

        def fail(iq, session):
            over.set_result([iq["error"]["type"], iq["error"]["condition"]])

        plugin.start_command(jid, node, {"next": step, "error": fail, "canceled": step})
        return await asyncio.wait_for(over, ANSWER_S)

    async def named(self, client, method, jid):
        """By the method that xep_0133 has for it."""
        made = self.clients[client]
        over = asyncio.get_running_loop().create_future()

        def step(iq, session):
            over.set_result([iq["command"]["status"], iq["command"]["form"].get_values()])

        def fail(iq, session):
            over.set_result([iq["error"]["type"], iq["error"]["condition"]])

        getattr(made["xep_0133"], method)(jid, {"next": step, "error": fail})
        return await asyncio.wait_for(over, ANSWER_S)
