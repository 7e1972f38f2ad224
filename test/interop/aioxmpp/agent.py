"""aioxmpp, for python-agent.py."""
import asyncio

import aioxmpp
from aioxmpp import JID, PresenceType
from aioxmpp.entitycaps import caps115, caps390
from aioxmpp.private_xml import PrivateXMLService, Query
from aioxmpp.vcard import VCardService
from lxml import etree

from common import ANSWER_S, CommonAgent, User as CommonUser, stanza_error

SERVICES = (
    aioxmpp.RosterClient, aioxmpp.PresenceClient, aioxmpp.BlockingClient, aioxmpp.DiscoClient, aioxmpp.DiscoServer,
    aioxmpp.EntityCapsService, VCardService, PrivateXMLService, aioxmpp.PingService,
)


@Query.as_payload_class
class Note(aioxmpp.xso.XSO):
    """Something private, of no other protocol."""
    TAG = ("urn:example:note", "note")
    text = aioxmpp.xso.Text(default=None)


class User(CommonUser):
    """A client with its services, which collects what happens to it in queues, one for each kind."""

    def __init__(self, jid, password, port, direct=False, roster=None):
        """`roster`: what was exported from another login of this user."""
        super().__init__(jid, password, port, SERVICES, direct)
        if roster is not None:
            self[aioxmpp.RosterClient].import_from_json(roster)
        contacts, blocking = self[aioxmpp.RosterClient], self[aioxmpp.BlockingClient]
        messages = self.client.summon(aioxmpp.dispatcher.SimpleMessageDispatcher)
        messages.register_callback(None, None, lambda stanza: self.keep("message", message(stanza)))
        for signal in (contacts.on_subscribe, contacts.on_subscribed, contacts.on_unsubscribe, contacts.on_unsubscribed):
            signal.connect(lambda stanza: self.keep("subscription", {"type": stanza.type_.value, "from": str(stanza.from_)}))
        blocking.on_jids_blocked.connect(lambda jids: self.keep("block", ["block", *addresses(jids)]))
        blocking.on_jids_unblocked.connect(lambda jids: self.keep("block", ["unblock", *addresses(jids)]))


def message(stanza):
    delays = [{"from": str(delay.from_), "stamp": delay.stamp.isoformat()} for delay in stanza.xep0203_delay]
    return {
        "from": str(stanza.from_),
        "to": str(stanza.to),
        "type": stanza.type_.value,
        "body": stanza.body.any() if stanza.body else None,
        "delays": delays,
        "error": stanza_error(stanza.error.to_exception()) if stanza.error else None,
    }


def addresses(jids):
    return sorted(str(jid) for jid in jids)


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(User)

    async def kill(self, client):
        """Without an end of the stream, and without a way back."""
        running = self.users[client].client
        gone = asyncio.Event()
        running.on_stream_suspended.connect(lambda *_: gone.set())
        await self.abort(client)
        await asyncio.wait_for(gone.wait(), ANSWER_S)
        running.stop()

    async def roster(self, client):
        """As aioxmpp keeps it for the next login."""
        return self.users[client][aioxmpp.RosterClient].export_as_json()

    async def items(self, client):
        return (await self.roster(client))["items"]

    async def groups(self, client):
        groups = self.users[client][aioxmpp.RosterClient].groups
        return {group: addresses(item.jid for item in items) for group, items in groups.items()}

    async def subscribe(self, client, jid):
        self.users[client][aioxmpp.RosterClient].subscribe(JID.fromstr(jid))

    async def unsubscribe(self, client, jid):
        self.users[client][aioxmpp.RosterClient].unsubscribe(JID.fromstr(jid))

    async def approve(self, client, jid):
        self.users[client][aioxmpp.RosterClient].approve(JID.fromstr(jid))

    async def label(self, client, jid, name, add=(), remove=()):
        roster = self.users[client][aioxmpp.RosterClient]
        groups = {"add_to_groups": frozenset(add), "remove_from_groups": frozenset(remove)}
        await roster.set_entry(JID.fromstr(jid), name=name, **groups, timeout=ANSWER_S)

    async def remove(self, client, jid):
        await self.users[client][aioxmpp.RosterClient].remove_entry(JID.fromstr(jid), timeout=ANSWER_S)

    async def resources(self, client, jid):
        """Those of a contact, with their priorities."""
        presences = self.users[client][aioxmpp.PresenceClient].get_peer_resources(JID.fromstr(jid))
        return {resource: stanza.priority for resource, stanza in presences.items()}

    async def blocked(self, client):
        return addresses(self.users[client][aioxmpp.BlockingClient].blocklist)

    async def block(self, client, jids):
        await self.users[client][aioxmpp.BlockingClient].block_jids([JID.fromstr(jid) for jid in jids])

    async def unblock(self, client, jids):
        await self.users[client][aioxmpp.BlockingClient].unblock_jids([JID.fromstr(jid) for jid in jids])

    async def unblock_all(self, client):
        await self.users[client][aioxmpp.BlockingClient].unblock_all()

    async def set_vcard(self, client, name, photo):
        service = self.users[client][VCardService]
        card = await service.get_vcard()
        for old in card.elements.findall("{vcard-temp}FN"):
            card.elements.remove(old)
        etree.SubElement(card.elements, "{vcard-temp}FN").text = name
        card.set_photo_data("image/png", bytes.fromhex(photo))
        await service.set_vcard(card)

    async def vcard(self, client, jid=None):
        card = await self.users[client][VCardService].get_vcard(jid and JID.fromstr(jid))
        photo = card.get_photo_data()
        return {"name": card.elements.findtext("{vcard-temp}FN"), "photo": photo and photo.hex()}

    async def store_note(self, client, text):
        note = Note()
        note.text = text
        await self.users[client][PrivateXMLService].set_private_xml(note)

    async def note(self, client):
        query = await self.users[client][PrivateXMLService].get_private_xml(Note())
        return query.registered_payload.text

    async def announce(self, client, feature):
        """Sends presence anew once the description has another hash."""
        user = self.users[client]
        changed = user[aioxmpp.EntityCapsService].on_ver_changed.future()
        user[aioxmpp.DiscoServer].register_feature(feature)
        await asyncio.wait_for(changed, ANSWER_S)
        await user.client.send(aioxmpp.Presence(type_=PresenceType.AVAILABLE))

    async def info(self, client, jid):
        info = await self.users[client][aioxmpp.DiscoClient].query_info(JID.fromstr(jid), timeout=ANSWER_S)
        identities = sorted([identity.category, identity.type_] for identity in info.identities)
        return {"identities": identities, "features": sorted(info.features)}

    async def described(self, client, jid):
        """What aioxmpp has looked up for the hashes in a resource's presence, and whether they are those of the description."""
        user = self.users[client]
        jid = JID.fromstr(jid)
        stanza = user[aioxmpp.PresenceClient].get_stanza(jid)
        info = await user[aioxmpp.DiscoClient].query_info(jid, timeout=ANSWER_S)
        told = {"XEP-0115": caps115.Implementation(None), "XEP-0390": caps390.Implementation(())}
        keys = {name: list(implementation.extract_keys(stanza)) for name, implementation in told.items()}
        verified = {name: some != [] and all(key.verify(info) for key in some) for name, some in keys.items()}
        return {"features": sorted(info.features), "verified": verified}

    async def info_by_hash(self, client, jid, node):
        """The description of a node whose name ends with the hash that aioxmpp calculates for the entity (XEP-0115 section 6.2)."""
        disco = self.users[client][aioxmpp.DiscoClient]
        info = await disco.query_info(JID.fromstr(jid), timeout=ANSWER_S)
        by_hash = await disco.query_info(JID.fromstr(jid), node=f"{node}#{caps115.hash_query(info, 'sha1')}", timeout=ANSWER_S)
        return sorted(by_hash.features)
