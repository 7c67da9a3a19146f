"""The form that changes how a subscription wants to hear of changes: drawn from its options, and read into options."""

from collections.abc import Mapping, Sequence

from bot.core.calls import CallStatus
from bot.core.errors import UserMistake
from bot.core.subscriptions import Delivery, Options, Style, Subscription
from bot.slack.blocks import Block, code, mrkdwn, plain, section
from bot.slack.cards import status_words
from bot.slack.options import mention_markup, read_options
from bot.slack.payloads import Asked, Payload, text_at
from bot.slack.views import form, form_input

# What a submission is called.
EDIT_OPTIONS = "edit_options"

# Block ids of inputs, to which Slack ties an error; the action in each has the same name.
STATUSES = "statuses"
TO = "to"
MENTION = "mention"
GROUP = "group"
STYLE = "style"

_TO_WORDS: Mapping[str, str] = {
    Delivery.THREAD: "In the thread",
    Delivery.CHANNEL: "In the thread, the final state in the channel too",
    Delivery.CARD: "Nowhere: the card is kept up to date",
}
_STYLE_WORDS: Mapping[str, str] = {Style.FULL: "Full: variables too", Style.COMPACT: "Compact: state and times"}

_NO_STATUS = "Choose at least one: an empty filter would never tell you anything."
_NO_MENTION = "Without notices nobody can be mentioned. Choose somewhere for them, or nobody here."
_UNREADABLE = "I can't read this. Please choose again."


class FormMistake(UserMistake):
    """What was chosen in an input can't be used.

    Attributes:
        block_id: the input.
    """

    def __init__(self, block_id: str, reason: str) -> None:
        super().__init__(reason)
        self.block_id = block_id


def edit_view(subscription: Subscription, origin: Asked) -> Block:
    """The form. ``origin`` says where it was opened from."""
    options, is_group = subscription.options, subscription.options.mention.startswith("S")
    statuses = {status.value: status_words(status) for status in CallStatus}
    chosen = [status.value for status in CallStatus if options.statuses is None or status in options.statuses]
    person = {"type": "users_select", "action_id": MENTION, "placeholder": plain("Nobody")}
    if options.mention and not is_group:
        person["initial_user"] = options.mention
    blocks = [
        section(f"Call {code(str(subscription.call_id))}"),
        form_input(STATUSES, "Tell me when it becomes", _checkboxes(STATUSES, statuses, chosen)),
        form_input(TO, "Where", _radio(TO, _TO_WORDS, options.to)),
        form_input(MENTION, "Mention somebody on the final state", person) | {"optional": True},
        *([_group_input(options.mention)] if is_group else []),
        form_input(STYLE, "Card", _radio(STYLE, _STYLE_WORDS, options.style)),
    ]
    about = origin.model_copy(update={"sub": subscription.id, "call": str(subscription.call_id)})
    return form("Edit", "Save", EDIT_OPTIONS, blocks, about)


def read_form(body: Payload) -> Options:
    """The options that a submitted form asks for.

    Raises:
        FormMistake: they can't be.
    """
    statuses = _chosen(body, STATUSES)
    if not statuses:
        raise FormMistake(STATUSES, _NO_STATUS)
    person = text_at(body, *_state(MENTION), "selected_user")
    mention = mention_markup(person) if person else next(map(mention_markup, _chosen(body, GROUP)), "")
    words = [f"on:{','.join(statuses)}", f"to:{_selected(body, TO)}", f"style:{_selected(body, STYLE)}"]
    if mention and _selected(body, TO) == Delivery.CARD:
        raise FormMistake(MENTION, _NO_MENTION)
    if mention:
        words.append(f"mention:{mention}")
    try:
        return read_options(" ".join(words)) or Options()
    except UserMistake:
        # Nobody can choose what isn't offered: this form is of another version.
        raise FormMistake(STATUSES, _UNREADABLE) from None


def _option(value: str, text: Block) -> Block:
    return {"text": text, "value": value}


def _checkboxes(name: str, offered: Mapping[str, str], chosen: Sequence[str]) -> Block:
    options = {value: _option(value, plain(words)) for value, words in offered.items()}
    initial = [options[value] for value in chosen]
    return {"type": "checkboxes", "action_id": name, "options": [*options.values()], "initial_options": initial}


def _radio(name: str, offered: Mapping[str, str], chosen: str) -> Block:
    options = {value: _option(value, plain(words)) for value, words in offered.items()}
    initial = options[chosen]
    return {"type": "radio_buttons", "action_id": name, "options": [*options.values()], "initial_option": initial}


def _group_input(group_id: str) -> Block:
    """A group can't be chosen in a form, but one that was named in the command can be kept or let go."""
    option = _option(group_id, mrkdwn(f"Mention {mention_markup(group_id)}, unless somebody is chosen above"))
    element = {"type": "checkboxes", "action_id": GROUP, "options": [option], "initial_options": [option]}
    return form_input(GROUP, "Group", element) | {"optional": True}


def _state(name: str) -> tuple[str, ...]:
    return ("view", "state", "values", name, name)


def _selected(body: Payload, name: str) -> str:
    return text_at(body, *_state(name), "selected_option", "value")


def _chosen(body: Payload, name: str) -> list[str]:
    element: object = body
    for key in (*_state(name), "selected_options"):
        element = element.get(key) if isinstance(element, dict) else None
    return [value for option in element if (value := text_at(option, "value"))] if isinstance(element, list) else []
