"""aioxmpp in rooms, by its own service for them, for python-agent.py. What it is told is kept in words, in order."""
from datetime import timedelta

import aioxmpp
import aioxmpp.im
import aioxmpp.muc
import aioxmpp.muc.xso as muc_xso
from aioxmpp import JID

from common import ANSWER_S, CommonAgent, User as CommonUser, stanza_error

MUC = aioxmpp.MUCClient
SERVICES = (aioxmpp.DiscoClient, aioxmpp.DiscoServer, aioxmpp.EntityCapsService, aioxmpp.PingService, MUC)


class User(CommonUser):
    def __init__(self, jid, password, port):
        super().__init__(jid, password, port, SERVICES)
        self[MUC].on_muc_invitation.connect(self.on_invitation)
        self.client.backoff_start = timedelta(milliseconds=50)
        self.client.on_stream_resumed.connect(lambda: self.keep("word", "resumed"))

    def on_invitation(self, stanza, muc_address, inviter_address, mode, *, password=None, reason=None, **_):
        self.keep("word", f"{inviter_address} invites to {muc_address} with {password} because {reason}, {mode.name}")

    def watch(self, room):
        def tell(words):
            self.keep("word", words)

        def entered(presence, occupant, muc_status_codes=frozenset(), **_):
            tell(f"entered as {occupant.nick} {standing(occupant)} {codes(muc_status_codes)}")

        def changed_topic(member, topic, muc_nick=None, **_):
            tell(f"{muc_nick} subject: {topic.any()}")

        room.on_muc_enter.connect(entered)
        room.on_topic_changed.connect(changed_topic)
        room.on_message.connect(lambda message, member, source, **_: tell(
            f"{member.nick if member else None}: {message.body.any()}{' (delayed)' if message.xep0203_delay else ''}"))
        room.on_join.connect(lambda member, **_: tell(f"{member.nick} joined {standing(member)}"))
        room.on_leave.connect(lambda member, **more: tell(f"{member.nick} left {how(**more)}"))
        room.on_exit.connect(lambda **more: tell(f"out {how(**more)}"))
        room.on_nick_changed.connect(lambda member, old, new, **_: tell(f"{old} is {new}"))
        room.on_muc_role_changed.connect(lambda presence, member, **_: tell(f"{member.nick} has role {member.role}"))
        room.on_muc_affiliation_changed.connect(lambda presence, member, **_: tell(f"{member.nick} has affiliation {member.affiliation}"))
        room.on_muc_role_request.connect(self.on_role_request)
        room.on_muc_suspend.connect(lambda: tell("suspended"))

    def on_role_request(self, asked, submission):
        self.keep("word", f"{asked.roomnick.value} ({asked.jid.value}) asks to be {asked.role.value}")
        asked.request_allow.value = True
        submission.set_result(asked.render_reply())


def standing(occupant):
    return f"{occupant.role}/{occupant.affiliation} ({occupant.direct_jid})"


def codes(status_codes):
    return sorted(int(code) for code in status_codes)


def how(muc_leave_mode=None, muc_actor=None, muc_reason=None, muc_status_codes=frozenset(), **_):
    actor = muc_actor and muc_actor.nick
    return f"{muc_leave_mode.name} by {actor} because {muc_reason} {codes(muc_status_codes)}"


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(User)
        self.rooms = {}

    def _room(self, client, room):
        return self.rooms[client, room]

    async def join(self, client, room, nick, password=None, maxstanzas=None):
        user = self.users[client]
        history = None if maxstanzas is None else muc_xso.History(maxstanzas=maxstanzas)
        joined, entered = user[MUC].join(JID.fromstr(room), nick, password=password, history=history, autorejoin=False)
        if self.rooms.get((client, room)) is not joined:
            self.rooms[client, room] = joined
            user.watch(joined)
        await entered

    async def leave(self, client, room):
        await self._room(client, room).leave()

    async def state(self, client, room):
        """What it has put together by now of who is there."""
        here = self._room(client, room)
        return {
            "me": None if here.me is None else f"{here.me.nick} {here.me.role}/{here.me.affiliation}",
            "members": sorted(f"{member.nick} {member.role}/{member.affiliation}" for member in here.members),
            "active": here.muc_active,
            "subject": here.muc_subject and here.muc_subject.any(),
        }

    async def say(self, client, room, body):
        message = aioxmpp.Message(type_=aioxmpp.MessageType.GROUPCHAT)
        message.body[None] = body
        await self._room(client, room).send_message(message)

    async def track(self, client, room, body):
        """Says it and waits until it has come back: the states that aioxmpp's tracker has gone through."""
        message = aioxmpp.Message(type_=aioxmpp.MessageType.GROUPCHAT)
        message.body[None] = body
        token, tracker = self._room(client, room).send_message_tracked(message)
        states = []
        tracker.on_state_changed.connect(lambda state, response=None: states.append(state.name))
        await token
        await aioxmpp.ping.ping(self.users[client].client, self.users[client].client.local_jid.bare().replace(localpart=None))
        return states[-1:]

    async def nick(self, client, room, nick):
        await self._room(client, room).set_nick(nick)

    async def topic(self, client, room, topic):
        await self._room(client, room).set_topic({None: topic})

    def _member(self, client, room, nick):
        return next(member for member in self._room(client, room).members if member.nick == nick)

    async def kick(self, client, room, nick, reason):
        await self._room(client, room).kick(self._member(client, room, nick), reason)

    async def ban(self, client, room, nick, reason):
        await self._room(client, room).ban(self._member(client, room, nick), reason)

    async def role(self, client, room, nick, role):
        await self._room(client, room).muc_set_role(nick, role)

    async def affiliation(self, client, room, jid, affiliation):
        await self.users[client][MUC].set_affiliation(JID.fromstr(room), JID.fromstr(jid), affiliation)

    async def affiliated(self, client, room, affiliation):
        return sorted(str(jid) for jid in await self.users[client][MUC].get_affiliated(JID.fromstr(room), affiliation))

    async def request_voice(self, client, room):
        await self._room(client, room).muc_request_voice()

    async def invite(self, client, room, jid, reason, mode):
        token, _ = await self._room(client, room).invite(JID.fromstr(jid), reason, mode=aioxmpp.im.InviteMode[mode])
        await token

    async def configure(self, client, room, values):
        """By the form that aioxmpp knows: what it does not know goes back as it came."""
        service, jid = self.users[client][MUC], JID.fromstr(room)
        form = muc_xso.ConfigurationForm.from_xso(await service.get_room_config(jid))
        for name, value in values.items():
            getattr(form, name).value = value
        await service.set_room_config(jid, form.render_reply())

    async def config(self, client, room):
        form = await self.users[client][MUC].get_room_config(JID.fromstr(room))
        return {field.var: list(field.values) for field in form.fields}

    async def features(self, client, room):
        info = await self.users[client][aioxmpp.DiscoClient].query_info(JID.fromstr(room), require_fresh=True, timeout=ANSWER_S)
        form = muc_xso.InfoForm.from_xso(info.exts[0])
        return {
            "identities": [[each.category, each.type_, each.name] for each in info.identities], "features": sorted(info.features),
            "description": form.description.value, "occupants": form.occupants.value, "subject": form.subject.value,
        }

    async def items(self, client, jid):
        found = await self.users[client][aioxmpp.DiscoClient].query_items(JID.fromstr(jid), require_fresh=True, timeout=ANSWER_S)
        return sorted([str(item.jid), item.name or ""] for item in found.items)
