"""slixmpp in rooms, by its plugins for them, for python-agent.py. What it is told is kept in words, in order."""
from slixmpp.exceptions import PresenceError
from slixmpp.plugins.xep_0045 import muc

from common import ANSWER_S, Client as CommonClient, CommonAgent, stanza_error as iq_error

PLUGINS = ("xep_0004", "xep_0030", "xep_0045", "xep_0128", "xep_0199", "xep_0249", "xep_0421")

# COMPAT(slixmpp, 1.8): it prints what it knows of each message of a history, and what is printed here is taken for an answer.
muc.print = lambda *_: None


class Client(CommonClient):
    """`managed`: with stream management, and whenever its connection ends it connects again."""

    def __init__(self, jid, password, managed=False, cleartext=False):
        # slixmpp says its password over TLS alone.
        super().__init__(jid, password, (*PLUGINS, "xep_0198") if managed else PLUGINS, None if cleartext else "PLAIN")
        self.READY = "sm_enabled" if managed else "session_start"
        self.staying = managed
        # COMPAT(slixmpp, 1.8): where it is told that an invitation is declined, it takes the name of one attribute for another.
        self["xep_0045"].room = self["xep_0045"].rooms
        self.requests = []
        self.occupants = {}
        for event, words in (
            ("groupchat_presence", presence_words),
            ("groupchat_message", lambda message: f"{said(message)}{delay_words(message)}"),
            ("groupchat_subject", lambda message: f"{sender(message)} subject: {message['subject']}{delay_words(message)}".strip()),
            ("groupchat_config_status", lambda message: f"changed {sorted(message['muc']['status_codes'])}"),
            ("groupchat_message_error", error_words),
            ("groupchat_invite", invitation_words),
            ("groupchat_decline", lambda message: f"{message['muc']['decline']['from']} declines because {message['muc']['decline']['reason']}"),
            ("groupchat_direct_invite", direct_invitation_words),
            ("session_resumed", lambda _: "resumed"),
        ):
            self.add_event_handler(event, lambda stanza, words=words: self.told.append(words(stanza)))
        self.add_event_handler("groupchat_presence", self.on_presence)
        self.add_event_handler("message", self.on_message)
        self.add_event_handler("message_xform", self.on_form)
        self.add_event_handler("disconnected", lambda _: self.staying and self.connect(use_ssl=None, force_starttls=None, disable_starttls=None))

    def reschedule_connection_attempt(self):
        # slixmpp waits 1 s, 3 s, 7 s and so on.
        self._connect_loop_wait = 0
        super().reschedule_connection_attempt()

    def on_presence(self, presence):
        self.occupants[presence["from"].resource] = presence["occupant-id"]["id"]

    def on_refused(self, presence):
        self.told.append(error_words(presence))

    def on_message(self, message):
        if message["type"] != "groupchat" and message["from"].resource:
            self.told.append(f"to me alone, {said(message)}")

    def on_form(self, message):
        self.requests.append(message)
        values = message["form"]["values"]
        self.told.append(f"{values['muc#roomnick']} asks to be {values['muc#role']}")


def sender(stanza):
    return stanza["from"].resource


def said(message):
    return f"{sender(message)}: {message['body']}"


def delay_words(message):
    delay = message.get_plugin("delay", check=True)
    return "" if delay is None else " (delayed)" if delay["from"] == message["from"].bare else f" (delayed by {delay['from']})"


def presence_words(presence):
    user = presence["muc"]
    item = user["item"]
    words = [sender(presence), *(["unavailable"] if presence["type"] == "unavailable" else []), f"{item['role']}/{item['affiliation']}"]
    if item["jid"] is not None:
        words.append(f"({item['jid']})")
    for name, value in (("as", item["nick"]), ("by", item["actor"]["nick"]), ("because", item["reason"]), ("saying", presence["status"])):
        if value:
            words += [name, value]
    if user.get_plugin("destroy", check=True) is not None:
        words += ["destroyed because", user["destroy"]["reason"], "instead", user["destroy"]["jid"]]
    codes = sorted(user["status_codes"])
    return " ".join([*words, *([str(codes)] if codes else [])])


def error_words(stanza):
    return f"error {stanza['error']['condition']}"


def invitation_words(message):
    invitation = message["muc"]["invite"]
    return f"{invitation['from']} invites to {message['from']} because {invitation['reason']}"


def direct_invitation_words(message):
    invitation = message["groupchat_invite"]
    return f"{message['from']} invites directly to {invitation['jid']} with {invitation['password']} because {invitation['reason']}"


def stanza_error(error):
    if isinstance(error, PresenceError):
        return {"type": error.etype, "condition": error.condition, "text": error.text}
    return iq_error(error)


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(Client)

    async def login(self, client, jid, password, port, ca, managed=False, cleartext=False, direct=False):
        self._make = lambda jid, password: Client(jid, password, managed, cleartext)
        self._way = {"cleartext": cleartext, "direct": direct}
        return await super().login(client, jid, password, port, ca)

    def _connect(self, made, port, ca):
        super()._connect(made, port, ca, **self._way)

    async def logout(self, client):
        self.clients[client].staying = False
        return await super().logout(client)

    def _rooms(self, client):
        return self.clients[client]["xep_0045"]

    async def presence(self, client, to=None, status=None):
        self.clients[client].send_presence(pto=to, pstatus=status)

    async def join(self, client, room, nick, password=None, maxstanzas=None, maxchars=None):
        """Resolves to who was there, the own presence, the history and the subject, each as slixmpp found them."""
        rooms, user = self._rooms(client), self.clients[client]
        failed = f"muc::{room}::presence-error"
        user.del_event_handler(failed, user.on_refused)
        user.add_event_handler(failed, user.on_refused)
        joined = await rooms.join_muc_wait(room, nick, password=password, maxstanzas=maxstanzas, maxchars=maxchars, timeout=ANSWER_S)
        own, subject, occupants, history = joined
        others = [sender(presence) for presence in occupants if presence is not own]
        return {
            "own": presence_words(own), "others": others, "history": [said(message) for message in history], "subject": subject["subject"],
            "roster": sorted(rooms.get_roster(room)),
        }

    async def leave(self, client, room, nick, status=""):
        self._rooms(client).leave_muc(room, nick, status)

    async def forget(self, client, room):
        """That it wanted to enter: slixmpp takes no invitations to where it believes to be."""
        del self._rooms(client).rooms[room]

    async def roster(self, client, room):
        """Nick, role and affiliation, as slixmpp has put them together by now."""
        rooms = self._rooms(client)
        names = ("role", "affiliation")
        return {nick: "/".join(rooms.get_jid_property(room, nick, name) for name in names) for nick in rooms.get_roster(room)}

    async def occupant_id(self, client, nick):
        return self.clients[client].occupants[nick]

    async def say(self, client, to, body, type="groupchat"):
        self.clients[client].send_message(mto=to, mbody=body, mtype=type)

    async def subject(self, client, room, subject):
        self._rooms(client).set_subject(room, subject)

    async def config(self, client, room):
        return (await self._rooms(client).get_room_config(room, timeout=ANSWER_S))["values"]

    async def configure(self, client, room, values):
        """Its own form goes back, whole."""
        rooms = self._rooms(client)
        form = await rooms.get_room_config(room, timeout=ANSWER_S)
        form["values"] = {**form["values"], **values}
        await rooms.set_room_config(room, form, timeout=ANSWER_S)

    async def cancel(self, client, room):
        await self._rooms(client).cancel_config(room, timeout=ANSWER_S)

    async def role(self, client, room, nick, role, reason=""):
        await self._rooms(client).set_role(room, nick, role, reason=reason, timeout=ANSWER_S)

    async def roles(self, client, room, role):
        return sorted(await self._rooms(client).get_roles_list(room, role, timeout=ANSWER_S))

    async def affiliation(self, client, room, jid, affiliation, reason="", nick=None):
        await self._rooms(client).set_affiliation(room, affiliation, jid=jid, nick=nick, reason=reason, timeout=ANSWER_S)

    async def affiliations(self, client, room, affiliation):
        return sorted(str(jid) for jid in await self._rooms(client).get_affiliation_list(room, affiliation, timeout=ANSWER_S))

    async def affiliate_all(self, client, room, affiliations):
        await self._rooms(client).send_affiliation_list(room, affiliations, timeout=ANSWER_S)

    async def request_voice(self, client, room):
        self._rooms(client).request_voice(room, "participant")

    async def answer_request(self, client, allow):
        """The oldest form that came goes back, filled in."""
        asked = self.clients[client].requests.pop(0)
        form = asked["form"]
        form["values"] = {**form["values"], "muc#request_allow": allow}
        form["type"] = "submit"
        answer = self.clients[client].make_message(asked["from"])
        answer.append(form)
        answer.send()

    async def invite(self, client, room, jid, reason):
        self._rooms(client).invite(room, jid, reason)

    async def invite_directly(self, client, room, jid, reason, password=None):
        self.clients[client]["xep_0249"].send_invitation(jid, room, password, reason)

    async def decline(self, client, room, jid, reason):
        self._rooms(client).decline(room, jid, reason)

    async def destroy(self, client, room, reason, instead):
        await self._rooms(client).destroy(room, reason, instead, timeout=ANSWER_S)

    async def info(self, client, jid):
        answer = await self.clients[client]["xep_0030"].get_info(jid=jid, local=False, cached=False, timeout=ANSWER_S)
        info = answer["disco_info"]
        form = answer["disco_info"].get_plugin("form", check=True)
        return {
            "identities": [[category, kind, name] for category, kind, _, name in info["identities"]],
            "features": sorted(info["features"]),
            "values": None if form is None else form["values"],
        }

    async def items(self, client, jid):
        answer = await self.clients[client]["xep_0030"].get_items(jid=jid, local=False, timeout=ANSWER_S)
        return sorted([str(jid), name or ""] for jid, _, name in answer["disco_items"]["items"])

    async def kill(self, client):
        """Without an end of the stream."""
        self.clients[client].staying = False
        self.clients[client].abort()

    async def drop(self, client):
        """The link alone; it finds a way back."""
        self.clients[client].abort()
