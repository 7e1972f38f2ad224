"""slixmpp with avatars of both kinds, for python-agent.py."""
import base64

from slixmpp.exceptions import IqError

from common import ANSWER_S, Client as CommonClient, CommonAgent, stanza_error


class Client(CommonClient):
    """What it is told of avatars, in order: metadata that were published, and hashes in presence."""

    def __init__(self, jid, password, plugins):
        super().__init__(jid, password, ("xep_0030", "xep_0115", "xep_0199", *plugins))
        self.add_event_handler("avatar_metadata_publish", self.on_metadata)
        self.add_event_handler("vcard_avatar_update", self.on_hash)

    def on_metadata(self, message):
        infos = message["pubsub_event"]["items"]["item"]["avatar_metadata"]["items"]
        self.told.append({"kind": "metadata", "from": message["from"].full, "formats": [{"id": info["id"], "type": info["type"]} for info in infos]})

    def on_hash(self, presence):
        self.told.append({"kind": "hash", "from": presence["from"].full, "hash": presence["vcard_temp_update"]["photo"]})


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(Client)

    async def login(self, client, jid, password, port, ca, plugins):
        result = await super().login(client, jid, password, port, ca, plugins=plugins)
        if "xep_0084" in plugins:
            # Told in presence only from here on: the server asks what the client wants to hear of.
            await self.clients[client]["xep_0115"].update_caps()
        return result

    async def befriend(self, client, to):
        """The other sees it from now on, as soon as it asks for that."""
        for kind in ("subscribed", "subscribe"):
            self.clients[client].send_presence(pto=to, ptype=kind)

    async def presence(self, client):
        self.clients[client].send_presence()

    async def publish(self, client, picture):
        data = base64.b64decode(picture)
        plugin = self.clients[client]["xep_0084"]
        await plugin.publish_avatar(data, timeout=ANSWER_S)
        await plugin.publish_avatar_metadata({"id": plugin.generate_id(data), "type": "image/png", "bytes": len(data)}, timeout=ANSWER_S)

    async def stop(self, client):
        await self.clients[client]["xep_0084"].stop(timeout=ANSWER_S)

    async def set_photo(self, client, picture):
        made = self.clients[client]
        # slixmpp puts a picture only into a vCard that is there.
        vcard = made["xep_0054"].make_vcard()
        vcard["FN"] = "Bob"
        await made["xep_0054"].publish_vcard(vcard, timeout=ANSWER_S)
        await made["xep_0153"].set_avatar(avatar=base64.b64decode(picture), mtype="image/png", timeout=ANSWER_S)

    async def photo(self, client, of):
        try:
            answer = await self.clients[client]["xep_0054"].get_vcard(of, cached=False, timeout=ANSWER_S)
        except IqError:
            return None
        photo = answer["vcard_temp"]["PHOTO"]
        return {"type": photo["TYPE"], "picture": base64.b64encode(photo["BINVAL"]).decode()}

    async def avatar(self, client, of, id):
        answer = await self.clients[client]["xep_0084"].retrieve_avatar(of, id, timeout=ANSWER_S)
        return base64.b64encode(answer["pubsub"]["items"]["item"]["avatar_data"]["value"]).decode()
