"""slixmpp with its plugin for files over HTTP, for python-agent.py."""
import asyncio
import hashlib
import io
import os

from common import ANSWER_S, Client as CommonClient, CommonAgent, stanza_error

PLUGINS = ("xep_0030", "xep_0199", "xep_0363")


def content(size):
    """So many bytes that do not repeat soon."""
    seed = b"".join(hashlib.sha256(n.to_bytes(4, "big")).digest() for n in range(1 + min(size, 1 << 20) // 32))
    return (seed * (1 + size // len(seed)))[:size]


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Client(CommonClient):
    def __init__(self, jid, password):
        super().__init__(jid, password, PLUGINS)
        # COMPAT(slixmpp, 1.8): it waits for several coroutines at once, which Python takes from 3.11 on for tasks alone.
        disco = self["xep_0030"]
        get_info = disco.get_info
        disco.get_info = lambda *args, **more: asyncio.ensure_future(get_info(*args, **more))


class Agent(CommonAgent):
    def __init__(self):
        super().__init__(Client)

    async def login(self, client, jid, password, port, ca):
        # Where aiohttp, of which slixmpp asks nothing of the kind, looks for whom to trust.
        os.environ["SSL_CERT_FILE"] = ca
        return await super().login(client, jid, password, port, ca)

    async def service(self, client):
        found = await self.clients[client]["xep_0363"].find_upload_service(timeout=ANSWER_S)
        return None if found is None else str(found["from"])

    async def upload(self, client, name, size, type=None):
        """All that the plugin does: looks for the service, asks for a slot and puts the file there."""
        data = content(size)
        plugin = self.clients[client]["xep_0363"]
        url = await plugin.upload_file(name, size=size, content_type=type, input_file=io.BytesIO(data), timeout=ANSWER_S)
        return {"url": url, "sha256": digest(data)}

    async def fetch(self, client, url):
        from aiohttp import ClientSession

        async with ClientSession() as session, session.get(url) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return {"status": answer.status, "sha256": digest(await answer.read()), "type": headers.get("content-type"), "disposition": headers.get("content-disposition")}

    async def put(self, client, name, size, sent):
        """More or less than the slot is for, or a second time: the statuses of two attempts."""
        from aiohttp import ClientSession

        answer = await self.clients[client]["xep_0363"].request_slot("localhost", name, size, timeout=ANSWER_S)
        async with ClientSession() as session:
            url = answer["http_upload_slot"]["put"]["url"]
            return [(await session.put(url, data=content(length))).status for length in sent]
