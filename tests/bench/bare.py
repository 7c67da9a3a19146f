"""What the bot's requests to Samora are measured beside: httpx, as quick as it gets, which is over aiohttp."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport


@asynccontextmanager
async def open_httpx(*, base_url: str, api_key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of httpx with the bot's key, which has as many connections as anybody wants."""
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar())
    # It would read all certificates of the world for a context that it doesn't use: this one trusts nobody.
    transport = AiohttpTransport(client=session, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    headers = {"X-API-Key": api_key, "Accept": "application/json", "Accept-Encoding": "identity"}
    async with httpx.AsyncClient(
        base_url=base_url, headers=headers, timeout=10.0, trust_env=False, transport=transport
    ) as client:
        yield client
