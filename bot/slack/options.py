"""The options of ``subscribe``: what people type after the id, and the same in plain words. Pure.

Grammar: ``on:<statuses>``, ``-on:<statuses>``, ``to:thread|channel|card``, ``mention:@user|@group``,
``style:compact|full``, in any order and case; the id may stand anywhere between them.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from bot.core.calls import CallStatus, find_call_ids
from bot.core.errors import UserMistake
from bot.core.foreign import one_line
from bot.core.subscriptions import Delivery, Options, Style
from bot.slack.blocks import cut
from bot.slack.cards import status_words

EXAMPLE = "on:finished,rejected to:channel"

STATUS_NAMES = {status_words(status).lower(): status for status in CallStatus}

# A word ends at a blank, but not at one inside brackets: "<@U1|mira b>".
_WORD = re.compile(r"(?:<[^<>]*>|\S)+")
DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")

# What a sentence may hold besides: "subscribe to call <id> please".
_FILLERS = frozenset({"to", "the", "call", "please"})

# With should_escape, Slack writes names so: docs.slack.dev/interactivity/implementing-slash-commands.
_NAMED = re.compile(r"<(?:@(?P<user>[UW][A-Z0-9]+)|!subteam\^(?P<group>S[A-Z0-9]+))(?:\|[^<>]*)?>")
_PLAIN_ID = re.compile(r"@?(?P<id>[UWS](?=[A-Z]*[0-9])[A-Z0-9]{3,20})")
_EVERYBODY = re.compile(r"<?[!@]?(?:here|channel|everyone)(?:\|[^<>]*)?>?", re.IGNORECASE)
_FEW = 2

# A value alone says less than one behind its option: "red" is nobody's "thread".
_VALUE_LIKENESS = 0.75

_NEVER_EVERYBODY = "I never ping a whole channel. Give `mention:` a person or a user group."
_NO_MENTION_ON_A_CARD = (
    "With `to:card` there are no notices, so nobody could be mentioned. Leave `mention:` out, or choose `to:thread`."
)
_NOTHING_LEFT = (
    "That leaves no status, and an empty filter would never tell you anything. Leave `on:` out for every change."
)


def read_options(text: str) -> Options | None:
    """What somebody wrote after ``subscribe``; None if there is nothing but the id.

    Raises:
        UserMistake: something in it means nothing, contradicts itself, or would never tell anybody anything.
    """
    return read_words(_option_words(text))


def read_words(words: Iterable[str], *, others: str = "") -> Options | None:
    """The same, of words that were parted already: each is to be an option. ``others`` names what else there is."""
    given: dict[str, list[str]] = {}
    for word in words:
        name, colon, value = word.partition(":")
        name = name.translate(DASHES).lower()
        if not colon or name not in _READERS:
            raise UserMistake(_unknown_option(word, others))
        given.setdefault(name, []).append(value)
    return _combine(given) if given else None


def is_option(word: str) -> bool:
    """Whether a word names an option, whatever it says of it."""
    name, colon, _ = word.partition(":")
    return bool(colon) and name.translate(DASHES).lower() in _READERS


def _option_words(text: str) -> list[str]:
    """The words that are options: neither the id, alone or in a link, nor what a sentence holds besides."""
    rest: list[str] = []
    for word in _WORD.findall(text.replace("`", " ")):
        if not find_call_ids(word):
            rest.append(word)
        elif "://" not in word:
            rest += [part for part in word.split(",") if not find_call_ids(part)]
    joined = re.sub(r" ?, ?", ",", " ".join(" ".join(rest).split()))
    # "on:finished, rejected" is one option, "on:finished, to:channel" is two.
    parted = re.sub(r",(?=-?[A-Za-z]+:)", " ", joined)
    words = [word.strip(",.;!") for word in _WORD.findall(parted)]
    return [word for word in words if word.lower() not in _FILLERS and any(map(str.isalnum, word))]


def check_options(options: Options) -> Options:
    """The same options, unless they contradict each other; then UserMistake."""
    if options.to is Delivery.CARD and options.mention:
        raise UserMistake(_NO_MENTION_ON_A_CARD)
    return options


def wanted_statuses(statuses: frozenset[CallStatus]) -> frozenset[CallStatus] | None:
    """A choice among the six as :class:`Options` wants it: all of them are every status, those yet unknown too.

    Raises:
        UserMistake: none is left.
    """
    if not statuses:
        raise UserMistake(_NOTHING_LEFT)
    return None if statuses == frozenset(CallStatus) else statuses


def spell_options(options: Options | None) -> str:
    """Options as :func:`read_options` reads them again, for a button to carry; empty for none."""
    if options is None:
        return ""
    words = [f"to:{options.to}", f"style:{options.style}"]
    if options.statuses is not None:
        words.append(f"on:{','.join(name for name, status in STATUS_NAMES.items() if status in options.statuses)}")
    if options.mention:
        words.append(f"mention:{mention_markup(options.mention)}")
    return " ".join(words)


def options_words(options: Options) -> str:
    """Options in plain words, to be put after a colon, as mrkdwn."""
    if options.to is Delivery.CARD:
        words = ["the card is kept up to date, without notices"]
    else:
        words = [statuses_words(options.statuses), "in the thread"]
        if options.to is Delivery.CHANNEL:
            words.append("the final state in the channel too")
    if options.mention:
        words.append(f"{mention_markup(options.mention)} is mentioned on the final state")
    if options.style is Style.COMPACT:
        words.append("compact card")
    return ", ".join(words)


def statuses_words(statuses: frozenset[CallStatus] | None) -> str:
    """``every change``, ``only Finished and Rejected``, or ``every change but Pending``."""
    if statuses is None:
        return "every change"
    missing = frozenset(CallStatus) - statuses
    return f"every change but {names_of(missing)}" if len(missing) <= _FEW else f"only {names_of(statuses)}"


def names_of(statuses: frozenset[CallStatus], *, joint: str = "and") -> str:
    """``Finished and Rejected``, or with another word between the last two."""
    names = [status_words(status) for status in CallStatus if status in statuses]
    return f" {joint} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def mention_markup(mention: str) -> str:
    """A person or a group in mrkdwn, by the id that was checked when it was given."""
    return f"<!subteam^{mention}>" if mention.startswith("S") else f"<@{mention}>"


def _combine(given: Mapping[str, list[str]]) -> Options:
    statuses = frozenset(CallStatus)
    if "on" in given:
        statuses = frozenset(status for value in given["on"] for status in read_statuses("on", value))
    statuses -= frozenset(status for value in given.get("-on", []) for status in read_statuses("-on", value))
    chosen = {name: _only(name, given[name]) for name in ("to", "style", "mention") if name in given}
    return check_options(
        Options(
            statuses=wanted_statuses(statuses),
            to=Delivery(_one_of("to", chosen.get("to", "thread"))),
            style=Style(_one_of("style", chosen.get("style", "full"))),
            mention=_mention(chosen["mention"]) if "mention" in chosen else "",
        )
    )


def _only(name: str, values: list[str]) -> str:
    if len(set(values)) > 1:
        raise UserMistake(f"You gave `{name}:` {len(values)} times, and I can only do one of them.")
    return values[0]


def read_statuses(name: str, value: str) -> list[CallStatus]:
    """The statuses behind an option's or a filter's name; raises UserMistake for none, and for unknown ones."""
    names = [part.lower() for part in value.split(",") if part]
    if not names:
        raise UserMistake(
            f"An empty filter would never tell you anything. Name statuses, without blanks: `{name}:finished,rejected`."
        )
    return [_status(name, part) for part in names]


def _status(name: str, part: str) -> CallStatus:
    status = STATUS_NAMES.get(part) or next((known for known in CallStatus if known.lower() == part), None)
    if status is None:
        raise UserMistake(_unknown_value(name, part, tuple(STATUS_NAMES)))
    return status


def _one_of(name: str, value: str) -> str:
    known = _VALUES[name]
    if value.lower() not in known:
        raise UserMistake(_unknown_value(name, value, known))
    return value.lower()


def _mention(value: str) -> str:
    if _EVERYBODY.fullmatch(value):
        raise UserMistake(_NEVER_EVERYBODY)
    if named := _NAMED.fullmatch(value):
        return named["user"] or named["group"]
    if plain := _PLAIN_ID.fullmatch(value):
        return plain["id"]
    problem = f"I can't tell who {quoted(value)} is." if value else "Whom am I to mention?"
    raise UserMistake(f"{problem} Type `mention:@` without a blank, and pick the name from the list that Slack offers.")


_VALUES = {"to": tuple(Delivery), "style": tuple(Style)}
_READERS = ("on", "-on", "to", "mention", "style")
_ALL = (*(f"on:{name}" for name in STATUS_NAMES), *(f"{name}:{value}" for name in _VALUES for value in _VALUES[name]))


def _unknown_option(word: str, others: str) -> str:
    """That there is no such option, with the one that may have been meant."""
    name, colon, value = word.translate(DASHES).partition(":")
    nearest = find_near(name, _READERS) if colon else None
    if nearest and not (nearest in _VALUES and value.lower() not in _VALUES[nearest]):
        meant: str | None = f"{nearest}:{value}"
    else:
        # "notify:thread", "finished" and "chanel" name a value without the option that it belongs to.
        by_value = {option.partition(":")[2]: option for option in _ALL}
        meant = by_value.get(find_near(value if colon else name, tuple(by_value), likeness=_VALUE_LIKENESS) or "")
    known = f"I know `on:`, `-on:`, `to:`, `mention:` and `style:`{others}."
    hint = f"Did you mean {quoted(meant)}?" if meant else known
    return f"I don't know the option {quoted(word)}. {hint}"


def _unknown_value(name: str, value: str, known: tuple[str, ...]) -> str:
    nearest = find_near(value, known)
    hint = f"Did you mean `{name}:{nearest}`?" if nearest else f"I know {', '.join(known)}."
    return f"I don't know {quoted(f'{name}:{value}')}. {hint}"


def find_near(word: str, known: tuple[str, ...], *, likeness: float = 0.6) -> str | None:
    """The known word that somebody may have meant, if one is near; ``likeness`` is at the least, from 0 to 1."""
    return next(iter(get_close_matches(word.lower()[:40], known, n=1, cutoff=likeness)), None)


def quoted(word: str) -> str:
    """A word that somebody typed, in an answer to it."""
    return f"`{cut(one_line(word).replace('`', 'ʼ'), 60)}`"
