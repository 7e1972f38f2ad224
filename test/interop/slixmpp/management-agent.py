"""slixmpp with its stream management, for python-agent.py: whenever its connection ends it connects again."""
from common import Client as CommonClient, CommonAgent, stanza_error

EVENTS = ("session_start", "sm_enabled", "session_resumed", "sm_failed", "session_end")


class Client(CommonClient):
    # What it sends before that is not counted, and not sent again.
    READY = "sm_enabled"

    def __init__(self, jid, password):
        super().__init__(jid, password, ("xep_0199", "xep_0198"))
        self.staying = True
        self.happened = []
        self.messages = []
        self.presences = []
        for name in EVENTS:
            self.add_event_handler(name, lambda _, name=name: self.happened.append(name))
        self.add_event_handler("stream_error", lambda error: self.happened.append(error["condition"]))
        self.add_event_handler("message", lambda message: self.messages.append(message["body"]))
        for name in ("available", "unavailable"):
            self.add_event_handler(f"presence_{name}", lambda stanza, name=name: self.presences.append([name, stanza["from"].full]))
        self.add_event_handler("disconnected", self.on_disconnected)

    def reschedule_connection_attempt(self):
        # slixmpp waits 1 s, 3 s, 7 s and so on: a server that is slow to start would be found too late.
        self._connect_loop_wait = 0
        super().reschedule_connection_attempt()

    def on_disconnected(self, reason):
        if self.staying:
            self.connect(use_ssl=None, force_starttls=None, disable_starttls=None)


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(Client)

    async def presence(self, client):
        self.clients[client].send_presence()

    async def message(self, client, to, bodies):
        for body in bodies:
            self.clients[client].send_message(mto=to, mbody=body, mtype="chat")

    async def happened(self, client):
        return self.clients[client].happened

    async def messages(self, client):
        return self.clients[client].messages

    async def presences(self, client):
        return self.clients[client].presences

    async def unacknowledged(self, client):
        """How many stanzas the server has not acknowledged; asks it to."""
        plugin = self.clients[client]["xep_0198"]
        if plugin.enabled_in:
            plugin.request_ack()
        return len(plugin.unacked_queue)

    async def abort(self, client):
        self.clients[client].abort()

    async def logout(self, client):
        self.clients[client].staying = False
        return await super().logout(client)
