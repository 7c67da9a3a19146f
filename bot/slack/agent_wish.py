"""What somebody wants of an agent's calls, as it was typed: which agent, which calls, and how to hear of them. Pure."""

import re
from dataclasses import dataclass

from bot.core.calls import find_call_ids
from bot.core.errors import UserMistake
from bot.core.filters import Filter, yes_in
from bot.core.foreign import one_line
from bot.core.subscriptions import Options
from bot.slack.filter_words import is_filter, read_filters, spell_filters
from bot.slack.options import DASHES, is_option, names_of, read_words, spell_options

# Quotation marks that a keyboard may turn straight ones into.
_QUOTES = dict.fromkeys(map(ord, "\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02"), '"')

# Slack writes "<" as "&lt;", or leaves it; of a link in angle brackets, what people typed is the label, or all of it.
_LINK = re.compile(r"<(?:mailto:)?(?P<address>(?:(?<=mailto:)|https?://)[^<>|]*)(?:\|(?P<label>[^<>]*))?>")
_COMPARED = re.compile(r"\b(duration)\s*(&lt;|&gt;|[<>])\s*", re.IGNORECASE)

# The first word ends at a blank, but not at one inside a link.
_FIRST = re.compile(r"\s*(?P<first>(?:<[^<>]*>|\S)*)(?P<rest>.*)", re.DOTALL)

# A word ends at a blank, but not at one inside brackets or quotation marks.
_WORD = re.compile(r'(?:<[^<>]*>|"[^"]*"|[^\s"])+')
_TRY = re.compile(r"-{1,2}try", re.IGNORECASE)
_VARIABLE = re.compile(r"-?var\.", re.IGNORECASE)

_FILTERS = ", and the filters `status:`, `-status:`, `duration>`, `duration<`, `var.<name>:` and `-var.<name>:`"
_BLANKS = '. A value with blanks stands in quotation marks: `var.city:"New York"`'
_UNCLOSED = 'A quotation mark is missing: write a value with blanks as in `var.city:"New York"`.'


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentWish:
    """What was typed after ``subscribe agent``.

    Attributes:
        agent_id: which agent, as it is compared; see :func:`bot.core.agents.agent_key`.
        options: how to hear of each call; None if nothing was said about that.
        filters: which calls.
        is_trial: whether to show which calls that would have been, instead.
    """

    agent_id: str
    options: Options | None = None
    filters: tuple[Filter, ...] = ()
    is_trial: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether nothing was said but which agent."""
        return self.options is None and not self.filters


def read_agent(text: str) -> tuple[str, str]:
    """The agent's id that a text begins with, and the rest; an empty id and all of the text where there is none.

    It is a UUID, as a call's is (docs.samora.ai, "Get call details"), and found in whatever form a call's is.
    """
    match = _FIRST.match(text)
    found = find_call_ids(match["first"]) if match else []
    return (str(found[0]), match["rest"].strip()) if match and found else ("", text)


def read_wish(agent_id: str, text: str) -> AgentWish:
    """What is wanted of that agent's calls, as it was typed behind its id, or as a button carries it.

    Raises:
        UserMistake: something in it means nothing, or contradicts the rest.
    """
    options, filters, is_trial = read_choice(text)
    return AgentWish(agent_id=agent_id, options=options, filters=filters, is_trial=is_trial)


def read_choice(text: str) -> tuple[Options | None, tuple[Filter, ...], bool]:
    """Options, filters, and whether it is a trial; raises UserMistake."""
    words = _part(text)
    is_trial = any(map(_is_try, words))
    words = [word for word in words if not _is_try(word)]
    filters = read_filters(word for word in words if not is_option(word) and is_filter(word))
    others = _FILTERS + _BLANKS * any(map(_VARIABLE.match, words))
    options = read_words((word for word in words if is_option(word) or not is_filter(word)), others=others)
    agreed = yes_in(filters)
    if options and options.statuses is not None and not agreed & options.statuses:
        raise UserMistake(
            f"The filters can only tell which calls you want once these are {names_of(agreed, joint='or')}, and `on:` "
            f"wants their cards when they are {names_of(options.statuses, joint='or')}: none would ever come."
        )
    return options, filters, is_trial


def spell_wish(options: Options | None, filters: tuple[Filter, ...]) -> str:
    """Options and filters as :func:`read_choice` reads them again, for a button to carry."""
    return " ".join(filter(None, [spell_options(options), *spell_filters(filters)]))


def read_name(text: str) -> str:
    """The name that somebody typed for an agent: one line, without the quotation marks around it."""
    return one_line(unescape(text.translate(_QUOTES))).strip('"').strip()


def unescape(text: str) -> str:
    """What somebody typed, where Slack has escaped it."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _is_try(word: str) -> bool:
    # "--" may come as one long dash.
    return bool(_TRY.fullmatch(word.translate(DASHES)))


def _part(text: str) -> list[str]:
    text = _LINK.sub(lambda link: link["label"] or link["address"], text.translate(_QUOTES))
    # Before words are looked for: in "duration<10s duration>5m" there are no brackets.
    text = _COMPARED.sub(lambda match: match[1] + match[2].replace("<", "&lt;").replace(">", "&gt;"), text)
    if text.count('"') % 2:
        raise UserMistake(_UNCLOSED)
    words: list[str] = []
    for word in _WORD.findall(text.replace("`", " ")):
        # "status:unanswered, rejected" is one filter, and "status:unanswered, duration>5m" two.
        if words and words[-1].endswith(",") and not (is_option(word) or is_filter(word) or _VARIABLE.match(words[-1])):
            words[-1] += word
        else:
            words.append(word)
    bare = [unescape(word).strip(",;") for word in words]
    return [word for word in bare if any(map(str.isalnum, word))]
