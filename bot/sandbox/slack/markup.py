"""Slack's angle brackets: what it makes of the addresses and names that people type."""

import re
from collections.abc import Iterable, Iterator, Mapping

from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.people import Channel, User, UserGroup

_MARKUP = re.compile(r"<(?:@(?P<user>\w+)|#(?P<channel>\w+)(?:\|[^>]*)?|(?P<url>\w+:[^|>]+)(?:\|(?P<label>[^>]*))?)>")
_BARE_URL = re.compile(r"(?<![<|])\bhttps?://[^\s<>|]+")
# What is in brackets already, an address, or a name. The sign of a name does not follow a letter: that is an e-mail.
_ESCAPABLE = re.compile(r"(?P<kept><[^<>]*>)|(?P<url>\bhttps?://[^\s<>|]+)|(?<![\w.])(?P<name>[@#]\w(?:[\w.-]*\w)?)")
_EVERYBODY = {f"@{word}": f"<!{word}>" for word in ("here", "channel", "everyone")}


def with_links(text: str) -> str:
    """A person's text as Slack stores it: addresses in angle brackets."""
    return _BARE_URL.sub(lambda found: f"<{found[0]}>", text)


def names(users: Iterable[User], groups: Iterable[UserGroup], channels: Iterable[Channel]) -> dict[str, str]:
    """What Slack puts in a slash command for each name that somebody may type; private channels stay nameless."""
    return {
        **_EVERYBODY,
        **{f"@{user.name}": f"<@{user.id}|{user.name}>" for user in users},
        **{f"@{group.handle}": f"<!subteam^{group.id}|@{group.handle}>" for group in groups},
        **{
            f"#{channel.name}": f"<#{channel.id}|{'' if channel.is_private else channel.name}>"
            for channel in channels
            if channel.name
        },
    }


def mentions(users: Iterable[User], groups: Iterable[UserGroup]) -> dict[str, str]:
    """What Slack stores for each name that somebody mentions in a message."""
    return {
        **_EVERYBODY,
        **{f"@{user.name}": f"<@{user.id}>" for user in users},
        **{f"@{group.handle}": f"<!subteam^{group.id}>" for group in groups},
    }


def escaped(text: str, known: Mapping[str, str]) -> str:
    """A slash command's text as ``should_escape: true`` delivers it; brackets and unknown names stay as they are.

    See docs.slack.dev/interactivity/implementing-slash-commands.
    """
    return _ESCAPABLE.sub(
        lambda found: f"<{found[0]}>" if found["url"] else known.get(found[0].lower(), found[0]), text
    )


def rich_text(text: str, block_id: str) -> Json:
    """The ``rich_text`` block that Slack makes of what a person types."""
    section = {"type": "rich_text_section", "elements": list(_spans(text))}
    return {"type": "rich_text", "block_id": block_id, "elements": [section]}


def _spans(text: str) -> Iterator[Json]:
    end = 0
    for found in _MARKUP.finditer(text):
        if found.start() > end:
            yield {"type": "text", "text": text[end : found.start()]}
        if found["user"]:
            yield {"type": "user", "user_id": found["user"]}
        elif found["channel"]:
            yield {"type": "channel", "channel_id": found["channel"]}
        else:
            yield {"type": "link", "url": found["url"], **({"text": found["label"]} if found["label"] else {})}
        end = found.end()
    if text[end:]:
        yield {"type": "text", "text": text[end:]}
