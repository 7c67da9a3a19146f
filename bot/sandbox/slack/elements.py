"""Walking through blocks: their interactive elements, their texts, the ids that Slack adds."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

Json = dict[str, Any]

_HOLDERS = ("elements", "actions", "accessory", "element")


class Placed(NamedTuple):
    """An element and the block that it stands in."""

    block: Json
    element: Json


def interactive(blocks: Iterable[Json]) -> Iterator[Placed]:
    """Every element with an ``action_id``, in reading order, those of nested blocks included."""
    for block in blocks:
        for holder in _HOLDERS:
            held = block.get(holder, ())
            for element in held if isinstance(held, list | tuple) else (held,):
                if isinstance(element, dict) and "action_id" in element:
                    yield Placed(block, element)
        yield from interactive(block.get("child_blocks", ()))


def texts(piece: object) -> Iterator[str]:
    """Every string under a key ``text``, however deep it lies."""
    if isinstance(piece, dict):
        for key, value in piece.items():
            if key == "text" and isinstance(value, str):
                yield value
            else:
                yield from texts(value)
    elif isinstance(piece, list | tuple):
        for value in piece:
            yield from texts(value)


def label(element: Json) -> str:
    """What is written on a button; for other elements their placeholder, or nothing."""
    text = element.get("text") or element.get("placeholder") or {}
    return str(text.get("text", "")) if isinstance(text, dict) else ""


def with_ids(blocks: Iterable[Json]) -> tuple[Json, ...]:
    """A copy in which each block has a ``block_id`` and each element an ``action_id``, as Slack stores them."""
    return tuple(_completed(block) for block in blocks)


def _completed(block: Json) -> Json:
    done: Json = {**block, "block_id": block.get("block_id") or _new_id()}
    if block.get("type") == "rich_text":
        return done
    for holder in _HOLDERS:
        if block.get(holder):
            done[holder] = _mapped(block[holder], _named)
    if "child_blocks" in block:
        done["child_blocks"] = list(with_ids(block["child_blocks"]))
    return done


def _mapped(held: Any, change: Callable[[Json], Json]) -> Any:
    return [change(element) for element in held] if isinstance(held, list | tuple) else change(held)


def _named(element: Json) -> Json:
    if element.get("type") in {"image", "plain_text", "mrkdwn"}:
        return element
    return {**element, "action_id": element.get("action_id") or _new_id()}


def _new_id() -> str:
    return secrets.token_urlsafe(4)
