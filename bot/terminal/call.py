"""``samora-bot call``: one call in the terminal, once or live."""

import asyncio
import contextlib
import json
from dataclasses import asdict
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from rich.console import Console
from rich.live import Live

from bot.core.calls import Call, CallId
from bot.core.errors import TemporaryError
from bot.core.lookup import Lookup
from bot.slack.blocks import Block, utc
from bot.slack.cards import call_card, status_words
from bot.terminal.drawing import draw_message, plain_lines

Form = Literal["card", "json", "blocks", "builder"]

_BUILDER = "https://app.slack.com/block-kit-builder/#"
_LOOK_SECONDS = 5.0


async def show_call(lookup: Lookup, call_id: CallId, *, form: Form) -> None:
    """Prints a call once; raises what a look-up raises."""
    console = Console(highlight=False)
    with Console(stderr=True).status("Asking Samora…"):
        call = await lookup.call(call_id)
    blocks = list(call_card(call).blocks)
    if form == "json":
        print_plain(json.dumps(_as_json(call), ensure_ascii=False, indent=2))
    elif form == "blocks":
        print_plain(json.dumps({"blocks": blocks}, ensure_ascii=False, indent=2))
    elif form == "builder":
        print_plain(_BUILDER + quote(json.dumps({"blocks": blocks}, separators=(",", ":"))))
    elif console.is_terminal:
        console.print(draw_message(_without_buttons(blocks)))
    else:
        print_plain("\n".join(plain_lines(_without_buttons(blocks))))


async def watch_call(
    lookup: Lookup, call_id: CallId, *, stopped: asyncio.Event, look_every: float = _LOOK_SECONDS
) -> None:
    """Shows a call until it is over or ``stopped``; where there is no terminal, a line per status.

    A Samora that is out of reach for a while is waited for; every other error is raised.
    """
    console = Console(highlight=False)
    with Live(console=console, auto_refresh=False) if console.is_terminal else contextlib.nullcontext() as live:
        shown = ""
        while not stopped.is_set():
            try:
                call = await lookup.call(call_id)
            except TemporaryError:
                if not shown:
                    raise
            else:
                if live is not None:
                    live.update(draw_message(_without_buttons(list(call_card(call).blocks))), refresh=True)
                elif call.status != shown:
                    print_plain(f"{utc(call.read_at)} {status_words(call.status)}")
                shown = call.status
                if call.is_final:
                    return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), look_every)


def print_plain(text: str) -> None:
    """Prints a text as it is, however wide the terminal: somebody may parse it."""
    print(text, flush=True)  # noqa: T201 - printing is what this room is for


def _without_buttons(blocks: list[Block]) -> list[Block]:
    return [block for block in blocks if block["type"] != "actions"]


def _as_json(call: Call) -> dict[str, object]:
    duration = call.duration
    return {
        **{name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(call).items()},
        "id": str(call.id),
        "duration_seconds": duration.total_seconds() if duration is not None else None,
        "is_final": call.is_final,
    }
