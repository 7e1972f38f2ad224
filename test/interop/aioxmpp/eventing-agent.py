"""aioxmpp with what personal eventing is for: nodes of its own, avatars, bookmarks; for python-agent.py."""
import aioxmpp
import aioxmpp.avatar
import aioxmpp.bookmarks
import aioxmpp.entitycaps
import aioxmpp.forms as forms
import aioxmpp.pep
import aioxmpp.pubsub.xso as pubsub
import aioxmpp.vcard
from aioxmpp import JID, xso
from aioxmpp.bookmarks.xso import Conference

from common import ANSWER_S, CommonAgent, User as CommonUser, stanza_error

NODE = "urn:example:mood"
NATIVE = "urn:xmpp:bookmarks:1"
AVATARS, BOOKMARKS = aioxmpp.avatar.AvatarService, aioxmpp.bookmarks.BookmarkClient
SERVICES = (
    aioxmpp.DiscoClient, aioxmpp.DiscoServer, aioxmpp.EntityCapsService, aioxmpp.PresenceClient, aioxmpp.PresenceServer, aioxmpp.PingService,
    aioxmpp.RosterClient, aioxmpp.PubSubClient, aioxmpp.PEPClient, aioxmpp.vcard.VCardService,
)


@pubsub.as_payload_class
class Mood(xso.XSO):
    TAG = (NODE, "mood")
    text = xso.Text(default=None)


@pubsub.as_payload_class
class NativeConference(xso.XSO):
    """aioxmpp has no service for bookmarks that are items of their own (XEP-0402)."""
    TAG = (NATIVE, "conference")
    name = xso.Attr("name", default=None)
    autojoin = xso.Attr("autojoin", type_=xso.Bool(), default=False)
    nick = xso.ChildText((NATIVE, "nick"), default=None)


class User(CommonUser):
    """`moods`: whether it wants to hear of NODE. `avatars`, `bookmarks`: with the services that aioxmpp has for them."""

    def __init__(self, jid, password, port, moods=False, avatars=False, bookmarks=False):
        services = (*SERVICES, *((AVATARS,) if avatars else ()), *((BOOKMARKS,) if bookmarks else ()))
        super().__init__(jid, password, port, services)
        # Said again whenever the description has another hash, as aioxmpp wants it: but for that contacts would not hear of it.
        self[aioxmpp.EntityCapsService].on_ver_changed.connect(self[aioxmpp.PresenceServer].resend_presence)
        if moods:
            self.claim = self[aioxmpp.PEPClient].claim_pep_node(NODE, notify=True)
            self.claim.on_item_publish.connect(lambda jid, node, item, message=None: self.keep("mood", {
                "from": str(jid), "id": item.id_, "text": item.registered_payload.text, "late": len(message.xep0203_delay) > 0,
            }))
        events = self[aioxmpp.PubSubClient]
        events.on_item_retracted.connect(lambda jid, node, id, message=None: self.keep("retracted", [str(jid), node, id]))
        events.on_node_deleted.connect(lambda jid, node, redirect_uri=None, message=None: self.keep("deleted", [str(jid), node]))
        if avatars:
            self[AVATARS].on_metadata_changed.connect(lambda jid, metadata: self.keep("avatar", [str(jid), *(described(one) for one in metadata)]))
        if bookmarks:
            for what in ("added", "removed", "changed"):
                getattr(self[BOOKMARKS], f"on_bookmark_{what}").connect(lambda *marks, what=what: self.keep("bookmark", [what, str(marks[0].jid)]))


def described(descriptor):
    return {"id": descriptor.normalized_id, "type": descriptor.mime_type}


def conference(room):
    return Conference(room["name"], JID.fromstr(room["jid"]), nick=room["nick"], autojoin=room["autojoin"])


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(User)

    async def show(self, client):
        """By the service that the avatar's hash is told by."""
        self.users[client][aioxmpp.PresenceServer].set_presence(aioxmpp.PresenceState(available=True))

    async def subscribe(self, client, jid):
        self.users[client][aioxmpp.RosterClient].subscribe(JID.fromstr(jid))

    async def approve(self, client, jid):
        self.users[client][aioxmpp.RosterClient].approve(JID.fromstr(jid))

    async def available(self, client):
        return await self.users[client][aioxmpp.PEPClient].available()

    async def publish(self, client, text, id=None, access_model=None):
        mood = Mood()
        mood.text = text
        return await self.users[client][aioxmpp.PEPClient].publish(NODE, mood, id_=id, access_model=access_model)

    async def publish_with(self, client, options, id="current", text="x"):
        mood = Mood()
        mood.text = text
        data = forms.Data(forms.DataType.SUBMIT)
        data.fields.append(forms.Field(var="FORM_TYPE", values=["http://jabber.org/protocol/pubsub#publish-options"]))
        for name, value in options.items():
            data.fields.append(forms.Field(var=f"pubsub#{name}", values=[value]))
        return await self.users[client][aioxmpp.PubSubClient].publish(None, NODE, mood, id_=id, publish_options=data)

    async def moods(self, client, jid=None, max_items=None):
        answer = await self.users[client][aioxmpp.PubSubClient].get_items(jid and JID.fromstr(jid), NODE, max_items=max_items)
        return [[item.id_, item.registered_payload.text] for item in answer.payload.items]

    async def configuration(self, client):
        """What aioxmpp's own form for it makes of the answer."""
        form = pubsub.NodeConfigForm.from_xso(await self.users[client][aioxmpp.PubSubClient].get_node_config(None, NODE))
        return {"access_model": form.access_model.value, "max_items": form.max_items.value, "persist_items": form.persist_items.value}

    async def configure(self, client, access_model):
        service = self.users[client][aioxmpp.PubSubClient]
        form = pubsub.NodeConfigForm.from_xso(await service.get_node_config(None, NODE))
        form.access_model.value = access_model
        await service.set_node_config(None, form.render_reply(), NODE)

    async def follow(self, client, jid):
        answer = await self.users[client][aioxmpp.PubSubClient].subscribe(JID.fromstr(jid), NODE)
        return answer.payload.subscription

    async def unfollow(self, client, jid):
        await self.users[client][aioxmpp.PubSubClient].unsubscribe(JID.fromstr(jid), NODE)

    async def nodes(self, client, jid):
        return sorted(node for node, _ in await self.users[client][aioxmpp.PubSubClient].get_nodes(JID.fromstr(jid)))

    async def affiliations(self, client):
        answer = await self.users[client][aioxmpp.PubSubClient].get_node_affiliations(None, NODE)
        return [[str(each.jid), each.affiliation] for each in answer.payload.affiliations]

    async def retract(self, client, id):
        await self.users[client][aioxmpp.PubSubClient].retract(None, NODE, id, notify=True)

    async def delete(self, client):
        await self.users[client][aioxmpp.PubSubClient].delete(None, NODE)

    async def publish_avatar(self, client, png):
        avatar = aioxmpp.avatar.AvatarSet()
        avatar.add_avatar_image("image/png", image_bytes=bytes.fromhex(png))
        await self.users[client][AVATARS].publish_avatar_set(avatar)

    async def disable_avatar(self, client):
        await self.users[client][AVATARS].disable_avatar()

    async def wipe_avatar(self, client):
        await self.users[client][AVATARS].wipe_avatar()

    async def avatar(self, client, jid):
        """Asked for now: `[description, bytes]` of each picture."""
        found = await self.users[client][AVATARS].get_avatar_metadata(JID.fromstr(jid), require_fresh=True)
        return [[described(one), (await one.get_image_bytes()).hex()] for one in found]

    async def vcard_photo(self, client, jid):
        photo = (await self.users[client][aioxmpp.vcard.VCardService].get_vcard(JID.fromstr(jid))).get_photo_data()
        return photo and photo.hex()

    async def set_vcard_photo(self, client, png):
        service = self.users[client][aioxmpp.vcard.VCardService]
        card = await service.get_vcard()
        card.set_photo_data("image/png", bytes.fromhex(png))
        await service.set_vcard(card)

    async def bookmarks(self, client):
        marks = await self.users[client][BOOKMARKS].get_bookmarks()
        return [{"jid": str(mark.jid), "name": mark.name, "nick": mark.nick, "autojoin": mark.autojoin} for mark in marks]

    async def add_bookmark(self, client, room):
        await self.users[client][BOOKMARKS].add_bookmark(conference(room))

    async def discard_bookmark(self, client, room):
        await self.users[client][BOOKMARKS].discard_bookmark(conference(room))

    async def update_bookmark(self, client, old, new):
        await self.users[client][BOOKMARKS].update_bookmark(conference(old), conference(new))

    async def publish_bookmark(self, client, room):
        mark = NativeConference()
        mark.name, mark.nick, mark.autojoin = room["name"], room["nick"], room["autojoin"]
        await self.users[client][aioxmpp.PubSubClient].publish(None, NATIVE, mark, id_=room["jid"])

    async def native_bookmarks(self, client):
        answer = await self.users[client][aioxmpp.PubSubClient].get_items(None, NATIVE)
        marks = [(item.id_, item.registered_payload) for item in answer.payload.items]
        return [{"jid": id, "name": mark.name, "nick": mark.nick, "autojoin": mark.autojoin} for id, mark in marks]
