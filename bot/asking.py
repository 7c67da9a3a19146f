"""Asking: Samora as the settings name it, and calls as they may be seen, for the bot and for the terminal."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

from bot.core.lookup import Lookup, is_loopback
from bot.core.ports import CallsApi
from bot.core.visibility import Visibility, VisibleCalls
from bot.samora.client import SamoraClient, SamoraHttp, open_http
from bot.settings import SamoraSettings


def open_samora(settings: SamoraSettings) -> AbstractAsyncContextManager[SamoraHttp]:
    """The connections to Samora; open as long as the context."""
    return open_http(base_url=settings.samora_api_url, api_key=settings.samora_api_key.get_secret_value())


def make_visible(settings: SamoraSettings, calls: CallsApi) -> CallsApi:
    """Whoever reads calls reads them so."""
    return VisibleCalls(calls=calls, visibility=Visibility(hidden=settings.hide_variables))


def make_lookup(settings: SamoraSettings, calls: CallsApi) -> Lookup:
    """Look-ups among those calls."""
    host = urlsplit(settings.samora_api_url).hostname or ""
    return Lookup(calls=make_visible(settings, calls), loopback_links=is_loopback(host))


@asynccontextmanager
async def open_lookup(settings: SamoraSettings) -> AsyncIterator[Lookup]:
    """A look-up alone, for the terminal; open as long as the context."""
    async with open_samora(settings) as http:
        yield make_lookup(settings, SamoraClient(http=http, clock=lambda: datetime.now(UTC)))
