"""slixmpp, for python-agent.py."""
import asyncio
import ssl
import xml.etree.ElementTree as ET

from slixmpp.plugins.xep_0048 import Bookmarks

from common import ANSWER_S, Client as CommonClient, CommonAgent, described_error, stanza_error

PLUGINS = (
    "xep_0012", "xep_0030", "xep_0048", "xep_0049", "xep_0054", "xep_0092", "xep_0115", "xep_0172", "xep_0191", "xep_0199", "xep_0202",
    "xep_0203",
)
QUEUES = ("message", "presence", "subscription", "block", "stream-error", "ended")


class Client(CommonClient):
    """Collects what happens to it in queues, one for each kind."""

    def __init__(self, jid, password, mechanism, binding, automatic):
        super().__init__(jid, password, PLUGINS, mechanism)
        self.auto_authorize = automatic["authorize"] if automatic else None
        self.auto_subscribe = automatic["subscribe"] if automatic else False
        self.queues = {kind: asyncio.Queue() for kind in QUEUES}
        self.refusals = []
        self.login = asyncio.get_running_loop().create_future()
        if binding == "none":
            self.hide_binding()
        self.add_event_handler("session_start", lambda _: self.finish_login(True))
        self.add_event_handler("failed_auth", self.on_refused)
        self.add_event_handler("stream_error", self.on_stream_error)
        self.add_event_handler("disconnected", self.on_disconnected)
        self.add_event_handler("connection_failed", lambda reason: self.finish_login(False, str(reason)))
        self.keep("message", described, "message", "message_error")
        self.keep("presence", described, "presence_available", "presence_away", "presence_unavailable", "presence_error")
        self.keep("subscription", described, "changed_subscription")
        self.keep("block", lambda iq: ["block", *addresses(iq["block"]["items"])], "blocked")
        self.keep("block", lambda iq: ["unblock", *addresses(iq["unblock"]["items"])], "unblocked")

    def keep(self, kind, described, *events):
        for event in events:
            self.add_event_handler(event, lambda stanza: self.queues[kind].put_nowait(described(stanza)))

    def hide_binding(self):
        """A client on a platform without channel binding: gs2 flag "n" instead of "y" (RFC 5802 section 6)."""
        mechanisms = self["feature_mechanisms"]
        credentials = mechanisms.sasl_callback

        def without_binding(required, optional):
            return credentials(required, optional - {"channel_binding"})

        mechanisms.sasl_callback = without_binding

    def on_refused(self, failure):
        mechanism = self["feature_mechanisms"].mech.name
        self.refusals.append({"mechanism": mechanism, "condition": failure["condition"]})

    def on_stream_error(self, error):
        self.queues["stream-error"].put_nowait({"condition": error["condition"], "text": error["text"]})

    def on_disconnected(self, reason):
        self.queues["ended"].put_nowait({"reason": str(reason)})
        self.finish_login(False, f"disconnected: {reason}")

    def finish_login(self, online, why=None):
        if self.login.done():
            return
        tls = self.socket if isinstance(self.socket, ssl.SSLObject) else None
        mechanism = self["feature_mechanisms"].mech
        self.login.set_result({
            "online": online,
            "jid": self.boundjid.full if online else None,
            "mechanism": mechanism.name if online else None,
            "tls": tls.version() if tls else None,
            "refusals": self.refusals,
            "why": why,
        })


def described(stanza):
    error = stanza["error"] if stanza["type"] == "error" else None
    return {
        "from": stanza["from"].full,
        "to": stanza["to"].full,
        "type": stanza["type"],
        "id": stanza["id"],
        "lang": stanza["lang"],
        "body": stanza["body"] if stanza.name == "message" else None,
        "priority": stanza["priority"] if stanza.name == "presence" else None,
        "nick": stanza["nick"]["nick"] if stanza.get_plugin("nick", check=True) is not None else None,
        "delay": described_delay(stanza["delay"]) if stanza.get_plugin("delay", check=True) is not None else None,
        "error": described_error(error) if error is not None else None,
    }


def described_delay(delay):
    return {"from": str(delay["from"]), "stamp": delay["stamp"].isoformat()}


def addresses(jids):
    return sorted(str(jid) for jid in jids)


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(Client)

    async def login(
        self, client, jid, password, port, ca, direct=False, mechanism=None, binding="offered", tls=None, cleartext=False, automatic=None,
    ):
        made = self.clients[client] = Client(jid, password, mechanism, binding, automatic)
        if tls == "TLSv1.2":
            made.ssl_context.maximum_version = ssl.TLSVersion.TLSv1_2
        self._connect(made, port, ca, direct, cleartext)
        return await asyncio.wait_for(asyncio.shield(made.login), ANSWER_S)

    async def message(self, client, to, body, type="chat", id="m"):
        message = self.clients[client].make_message(mto=to, mbody=body, mtype=type)
        message["id"] = id
        message.send()

    async def presence(self, client, to=None, type=None, priority=None, status=None):
        self.clients[client].send_presence(pto=to, ptype=type, ppriority=priority, pstatus=status)

    async def next(self, client, kind):
        return await asyncio.wait_for(self.clients[client].queues[kind].get(), ANSWER_S)

    async def count(self, client, kind):
        return self.clients[client].queues[kind].qsize()

    async def info(self, client, to):
        answer = await self.clients[client]["xep_0030"].get_info(jid=to, local=False, cached=False, timeout=ANSWER_S)
        info = answer["disco_info"]
        identities = sorted([category, kind] for category, kind, _, _ in info["identities"])
        return {"identities": identities, "features": sorted(info["features"])}

    async def items(self, client, to):
        answer = await self.clients[client]["xep_0030"].get_items(jid=to, local=False, timeout=ANSWER_S)
        return sorted(str(jid) for jid, _, _ in answer["disco_items"]["items"])

    async def version(self, client, to):
        answer = await self.clients[client]["xep_0092"].get_version(to, timeout=ANSWER_S)
        return {"name": answer["software_version"]["name"], "version": answer["software_version"]["version"]}

    async def time(self, client, to):
        answer = await self.clients[client]["xep_0202"].get_entity_time(to, timeout=ANSWER_S)
        # As text: slixmpp 1.8's own reading of both values fails on every answer that XEP-0202 allows.
        text = answer["entity_time"].xml.findtext
        return {"utc": text("{urn:xmpp:time}utc"), "tzo": text("{urn:xmpp:time}tzo")}

    async def roster(self, client, known=False):
        """What the answer says: everything, or what it says to one who names the version that slixmpp has."""
        if not known:
            self.clients[client].client_roster.version = ""
        answer = await self.clients[client].get_roster(timeout=ANSWER_S)
        return {str(jid): item for jid, item in answer["roster"]["items"].items()}

    async def contact(self, client, jid):
        """What slixmpp has made of the pushes and presences that came."""
        item = self.clients[client].client_roster[jid]
        return {
            "subscription": item["subscription"],
            "asked": item["pending_out"],
            "name": item["name"],
            "groups": item["groups"],
            "priorities": {resource: shown["priority"] for resource, shown in item.resources.items()},
        }

    async def knows(self, client, jid):
        return self.clients[client].client_roster.has_jid(jid)

    async def subscription(self, client, to, type, nick=None):
        self.clients[client].send_presence_subscription(pto=to, ptype=type, pnick=nick)

    async def subscribe(self, client, jid):
        self.clients[client].client_roster.subscribe(jid)

    async def unsubscribe(self, client, jid):
        self.clients[client].client_roster.unsubscribe(jid)

    async def authorize(self, client, jid):
        self.clients[client].client_roster[jid].authorize()

    async def unauthorize(self, client, jid):
        self.clients[client].client_roster[jid].unauthorize()

    async def label(self, client, jid, name, groups):
        await self.clients[client].update_roster(jid, name=name, groups=groups, timeout=ANSWER_S)

    async def remove(self, client, jid):
        await self.clients[client].del_roster_item(jid)

    async def kill(self, client):
        """Without an end of the stream."""
        self.clients[client].abort()

    async def block(self, client, jids):
        await self.clients[client]["xep_0191"].block(jids, timeout=ANSWER_S)

    async def unblock(self, client, jids):
        await self.clients[client]["xep_0191"].unblock(jids, timeout=ANSWER_S)

    async def blocked(self, client):
        answer = await self.clients[client]["xep_0191"].get_blocked(timeout=ANSWER_S)
        return addresses(answer["blocklist"]["items"])

    async def publish_vcard(self, client, name, given, nicknames, email, photo):
        plugin = self.clients[client]["xep_0054"]
        card = plugin.make_vcard()
        card["FN"] = name
        card["N"]["GIVEN"] = given
        card["NICKNAME"] = nicknames
        card["EMAIL"]["USERID"] = email
        card["PHOTO"]["TYPE"] = "image/png"
        card["PHOTO"]["BINVAL"] = bytes.fromhex(photo)
        await plugin.publish_vcard(card, timeout=ANSWER_S)

    async def vcard(self, client, jid):
        answer = await self.clients[client]["xep_0054"].get_vcard(jid, local=False, timeout=ANSWER_S)
        card = answer["vcard_temp"]
        return {
            "name": card["FN"],
            "given": card["N"]["GIVEN"],
            "nicknames": card["NICKNAME"],
            "email": card["EMAIL"]["USERID"],
            "photo": card["PHOTO"]["BINVAL"].hex(),
        }

    async def store_bookmarks(self, client, conferences):
        marks = Bookmarks()
        for jid, nick in conferences:
            marks.add_conference(jid, nick, autojoin=True)
        await self.clients[client]["xep_0048"].set_bookmarks(marks, timeout=ANSWER_S)

    async def bookmarks(self, client):
        answer = await self.clients[client]["xep_0048"].get_bookmarks(timeout=ANSWER_S)
        return [[mark["jid"], mark["nick"], mark["autojoin"]] for mark in answer["private"]["bookmarks"]["conferences"]]

    async def last_activity(self, client, jid):
        answer = await self.clients[client]["xep_0012"].get_last_activity(jid, timeout=ANSWER_S)
        return {"seconds": answer["last_activity"]["seconds"], "status": answer["last_activity"]["status"]}

    async def announce(self, client, feature):
        """Sends presence anew, which says what hash the description has now."""
        await self.clients[client]["xep_0030"].add_feature(feature)
        await self.clients[client]["xep_0115"].update_caps()

    async def caps(self, client, jid):
        """The features of the description that slixmpp got by itself, and whose hash it found to be right; None before that."""
        info = await self.clients[client]["xep_0115"].get_caps(jid)
        return None if info is None else sorted(info["features"])

    async def query(self, client, to, name, xmlns, type="get"):
        iq = self.clients[client].make_iq(ito=to, itype=type)
        iq.append(ET.Element(f"{{{xmlns}}}{name}"))
        answer = await iq.send(timeout=ANSWER_S)
        return {"from": answer["from"].full, "type": answer["type"]}
