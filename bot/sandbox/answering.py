"""How the sandbox's Samora answers: JSON, with times as the real API writes them."""

import json
from datetime import datetime
from functools import partial

from aiohttp import web


def json_answer(body: dict[str, object], status: int = 200) -> web.Response:
    """A JSON answer; its datetimes (aware UTC) become ISO 8601."""
    return web.json_response(body, status=status, dumps=partial(json.dumps, default=_in_words))


def message_answer(status: int, text: str) -> web.Response:
    """A JSON answer that is one sentence under ``message``."""
    return json_answer({"message": text}, status=status)


def _in_words(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
