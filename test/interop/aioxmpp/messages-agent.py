"""aioxmpp with copies of messages, for python-agent.py: its carbons, and its forms, pages and forwarded stanzas for archive and push."""
import aioxmpp
import aioxmpp.carbons
import aioxmpp.forms as forms
import aioxmpp.im.dispatcher
import aioxmpp.misc
import aioxmpp.pubsub.xso as pubsub
from aioxmpp import IQ, JID, IQType, xso
from aioxmpp.rsm.xso import After, ResultSetMetadata

from common import ANSWER_S, CommonAgent, User as CommonUser, stanza_error

MAM = "urn:xmpp:mam:2"
PUSH = "urn:xmpp:push:0"
DISPATCHER = aioxmpp.im.dispatcher.IMDispatcher
SERVICES = (aioxmpp.DiscoClient, aioxmpp.DiscoServer, aioxmpp.PingService, aioxmpp.carbons.CarbonsClient, aioxmpp.PubSubClient)


class Result(xso.XSO):
    TAG = (MAM, "result")
    id_ = xso.Attr("id")
    queryid = xso.Attr("queryid", default=None)
    forwarded = xso.Child([aioxmpp.misc.Forwarded], required=True)


aioxmpp.Message.xep0313_result = xso.Child([Result])


class Filter(forms.Form):
    """Of what an archive's form has, what the tests fill in: the rest goes back as it came."""
    FORM_TYPE = MAM
    with_ = forms.JIDSingle(var="with")
    after = forms.TextSingle(var="after-id")


@IQ.as_payload_class
class ArchiveQuery(xso.XSO):
    TAG = (MAM, "query")
    queryid = xso.Attr("queryid", default=None)
    form = xso.Child([forms.Data])
    page = xso.Child([ResultSetMetadata])


@IQ.as_payload_class
class ArchiveFin(xso.XSO):
    TAG = (MAM, "fin")
    complete = xso.Attr("complete", type_=xso.Bool(), default=False)
    page = xso.Child([ResultSetMetadata], required=True)


@IQ.as_payload_class
class PushEnable(xso.XSO):
    TAG = (PUSH, "enable")
    jid = xso.Attr("jid", type_=xso.JID())
    node = xso.Attr("node", default=None)
    options = xso.Child([forms.Data])


@IQ.as_payload_class
class PushDisable(xso.XSO):
    TAG = (PUSH, "disable")
    jid = xso.Attr("jid", type_=xso.JID())
    node = xso.Attr("node", default=None)


@pubsub.as_payload_class
class PushNotification(xso.XSO):
    TAG = (PUSH, "notification")
    summary = xso.Child([forms.Data])


class User(CommonUser):
    """`carbons`: as aioxmpp has them for chats, which it asks for before it says that it is online."""

    def __init__(self, jid, password, port, carbons=False):
        super().__init__(jid, password, port, (*SERVICES, DISPATCHER) if carbons else SERVICES)
        if carbons:
            self[DISPATCHER].message_filter.register(self.on_chat, 0)
        self.results = []
        self.client.stream.on_message_received.connect(self.on_message)
        self.client.stream.register_iq_request_handler(IQType.SET, pubsub.Request, self.on_notification)

    def on_chat(self, message, peer, sent, source):
        ids = [[str(each.by), each.id_] for each in message.xep0359_stanza_ids]
        if message.body:
            self.keep("chat", {
                "peer": str(peer), "sent": sent, "copy": source is aioxmpp.im.dispatcher.MessageSource.CARBONS,
                "body": message.body.any(), "archived by": [by for by, _ in ids],
            })

    def on_message(self, message):
        if message.xep0313_result is not None:
            self.results.append(message.xep0313_result)

    async def on_notification(self, iq):
        item = iq.payload.payload.item
        self.keep("notification", {
            "from": str(iq.from_),
            "node": iq.payload.payload.node,
            "summary": values(item.registered_payload.summary),
            "options": iq.payload.publish_options and values(iq.payload.publish_options.data),
        })


def values(data):
    return {field.var: list(field.values) for field in data.fields}


def described(result):
    message = result.forwarded.stanza
    return {
        "id": result.id_,
        "from": str(message.from_),
        "to": str(message.to),
        "body": message.body.any(),
        "at": result.forwarded.delay.stamp.isoformat(),
    }


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(User)

    async def _ask(self, client, type, payload, to=None):
        return await self.users[client].client.send(IQ(type_=type, to=to, payload=payload), timeout=ANSWER_S)

    async def carbons(self, client, on):
        service = self.users[client][aioxmpp.carbons.CarbonsClient]
        await (service.enable() if on else service.disable())

    async def archive(self, client, size, backwards=False, contact=None, after=None):
        """Everything, page by page: `[bodies, complete]` of each; and what the first page says of the first entry."""
        user = self.users[client]
        template = Filter.from_xso((await self._ask(client, IQType.GET, ArchiveQuery())).form)
        if contact is not None:
            template.with_.value = JID.fromstr(contact)
        if after is not None:
            template.after.value = after
        page = ResultSetMetadata.last_page(size) if backwards else ResultSetMetadata.limit(size)
        pages = []
        while True:
            query = ArchiveQuery()
            query.queryid = f"q{len(pages)}"
            query.form = template.render_reply()
            query.page = page
            user.results.clear()
            fin = await self._ask(client, IQType.SET, query)
            results = [described(result) for result in user.results]
            assert all(result.queryid == query.queryid for result in user.results)
            first, last = fin.page.first and fin.page.first.value, fin.page.last and fin.page.last.value
            assert [first, last] == ([results[0]["id"], results[-1]["id"]] if results else [None, None])
            pages.append(results)
            if fin.complete:
                return pages
            page = fin.page.previous_page(size) if backwards else fin.page.next_page(size)

    async def fields(self, client):
        form = (await self._ask(client, IQType.GET, ArchiveQuery())).form
        return {field.var: field.type_.value for field in form.fields}

    async def after(self, client, id):
        """One page of what came after an entry."""
        query = ArchiveQuery()
        query.page = ResultSetMetadata()
        query.page.after = After(id)
        await self._ask(client, IQType.SET, query)

    async def enable(self, client, jid, node, secret=None):
        enable = PushEnable()
        enable.jid, enable.node = JID.fromstr(jid), node
        if secret is not None:
            enable.options = forms.Data(forms.DataType.SUBMIT)
            for var, value in (("FORM_TYPE", "http://jabber.org/protocol/pubsub#publish-options"), ("secret", secret)):
                enable.options.fields.append(forms.Field(var=var, values=[value]))
        await self._ask(client, IQType.SET, enable)

    async def disable(self, client, jid):
        disable = PushDisable()
        disable.jid = JID.fromstr(jid)
        await self._ask(client, IQType.SET, disable)
