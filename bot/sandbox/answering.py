"""How the sandbox's Samora reads and answers: JSON, with times as the real API writes them."""

import json
from datetime import datetime
from functools import partial
from typing import TypeVar

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

Body = TypeVar("Body")


async def read_body(request: web.Request, shape: type[Body]) -> Body:
    """A request's JSON as what it ought to be; HTTP 400 with a sentence, in which no value stands, if it isn't."""
    try:
        return TypeAdapter(shape).validate_json(await request.read() or b"{}")
    except ValidationError as flaws:
        sentences = [f"{'.'.join(map(str, flaw['loc'])) or 'body'}: {flaw['msg']}" for flaw in flaws.errors()]
        raise web.HTTPBadRequest(text="; ".join(sentences)) from flaws


def json_answer(body: dict[str, object], status: int = 200) -> web.Response:
    """A JSON answer; its datetimes (aware UTC) become ISO 8601."""
    return web.json_response(body, status=status, dumps=partial(json.dumps, default=_in_words))


def message_answer(status: int, text: str) -> web.Response:
    """A JSON answer that is one sentence under ``message``."""
    return json_answer({"message": text}, status=status)


def _in_words(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
