"""slixmpp with its message archive management, for python-agent.py."""
from datetime import timedelta

from common import ANSWER_S, Client, CommonAgent, stanza_error

PLUGINS = ("xep_0030", "xep_0199", "xep_0313", "xep_0441")


def described(message):
    result = message["mam_result"]
    forwarded = result["forwarded"]
    original = forwarded["stanza"]
    return {
        "id": result["id"],
        "from": original["from"].full,
        "to": original["to"].full,
        "body": original["body"],
        "at": forwarded["delay"]["stamp"].isoformat(),
    }


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(lambda jid, password: Client(jid, password, PLUGINS))

    async def message(self, client, to, bodies):
        for body in bodies:
            self.clients[client].send_message(mto=to, mbody=body, mtype="chat")

    async def archive(self, client, size, contact=None):
        """Everything, page by page."""
        found = self.clients[client]["xep_0313"].iterate(rsm={"max": size}, with_jid=contact)
        return [described(message) async for message in found]

    async def back(self, client, size):
        """Everything before the newest message, by pages from there: slixmpp's own way back ends with a page that says where it is."""
        plugin = self.clients[client]["xep_0313"]
        before = (await plugin.get_archive_metadata(timeout=ANSWER_S))["mam_metadata"]["end"]["id"]
        found = []
        while True:
            answer = await plugin.retrieve(rsm={"max": size, "before": before}, timeout=ANSWER_S)
            results = answer["mam"]["results"]
            if not results:
                return found
            found = [described(message) for message in results] + found
            before = answer["mam_fin"]["rsm"]["first"]

    async def since(self, client, seconds):
        """One page of what is as old as the newest message, and of so many seconds before it."""
        plugin = self.clients[client]["xep_0313"]
        newest = (await plugin.get_archive_metadata(timeout=ANSWER_S))["mam_metadata"]["end"]["timestamp"]
        answer = await plugin.retrieve(start=newest - timedelta(seconds=seconds), timeout=ANSWER_S)
        return [described(message)["body"] for message in answer["mam"]["results"]]

    async def fields(self, client):
        form = await self.clients[client]["xep_0313"].get_fields(timeout=ANSWER_S)
        return {name: field["type"] for name, field in form.get_fields().items()}

    async def ends(self, client):
        answer = await self.clients[client]["xep_0313"].get_archive_metadata(timeout=ANSWER_S)
        return [answer["mam_metadata"][end]["id"] for end in ("start", "end")]

    async def prefer(self, client, default, always, never):
        plugin = self.clients[client]["xep_0441"]
        answer = (await plugin.set_preferences(default=default, always=always, never=never, timeout=ANSWER_S))["mam_prefs"]
        return described_preferences(answer["default"], answer["always"], answer["never"])

    async def preferences(self, client):
        return described_preferences(*await self.clients[client]["xep_0441"].get_preferences(timeout=ANSWER_S))


def described_preferences(default, always, never):
    return {"default": default, "always": sorted(str(jid) for jid in always), "never": sorted(str(jid) for jid in never)}
