"""slixmpp with message carbons and client state, for python-agent.py."""
from common import ANSWER_S, Client as CommonClient, CommonAgent, stanza_error


class Client(CommonClient):
    """What it is told, in order: a message, or what slixmpp finds to be a copy of one that its user sent or received."""

    def __init__(self, jid, password):
        super().__init__(jid, password, ("xep_0030", "xep_0085", "xep_0199", "xep_0280", "xep_0352"))
        self.add_event_handler("message", lambda message: self.tell("message", message))
        for direction in ("sent", "received"):
            self.add_event_handler(f"carbon_{direction}", lambda copy, direction=direction: self.tell(direction, copy[f"carbon_{direction}"]))
        self.add_event_handler("chatstate", lambda message: self.told.append({"kind": "state", "state": message["chat_state"]}))

    def tell(self, kind, message):
        # What holds a copy is a message too, without a body of its own; so is a chat state.
        if message["body"]:
            self.told.append({"kind": kind, "from": message["from"].full, "to": message["to"].full, "body": message["body"]})


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(Client)

    async def presence(self, client, priority):
        self.clients[client].send_presence(ppriority=priority)

    async def carbons(self, client, on):
        plugin = self.clients[client]["xep_0280"]
        return (await (plugin.enable if on else plugin.disable)(timeout=ANSWER_S))["type"]

    async def message(self, client, to, body, private=False):
        message = self.clients[client].make_message(mto=to, mbody=body, mtype="chat")
        if private:
            message.enable("carbon_private")
        message.send()

    async def state(self, client, to, state):
        message = self.clients[client].make_message(mto=to, mtype="chat")
        message["chat_state"] = state
        message.send()

    async def look(self, client, away):
        """Whether slixmpp has found that the server understands it."""
        plugin = self.clients[client]["xep_0352"]
        (plugin.send_inactive if away else plugin.send_active)()
        return plugin.enabled
