"""``samora-bot forget``: what is kept about a call or a person is erased."""

from bot.core.calls import CallId
from bot.core.errors import UserMistake
from bot.storage.erasing import Erased
from bot.storage.store import Store
from bot.terminal.call import print_plain
from bot.terminal.subject import NOT_A_CALL, NOT_A_PERSON, read_call, read_person

Subject = CallId | str

STAYS = "Cards and messages that are in Slack already stay there; delete those where they are."


def read_subject(text: str) -> Subject:
    """The call or the person that a text names; raises UserMistake if it names neither."""
    subject: Subject | None = read_call(text) or read_person(text)
    if not subject:
        raise UserMistake(f"{NOT_A_CALL}\n{NOT_A_PERSON}")
    return subject


def question(subject: Subject) -> str:
    """What is asked before anything is erased."""
    if isinstance(subject, CallId):
        return f"Erase all that is kept about call {subject}, and follow it no more?"
    return f"Erase all that is kept about {subject}, and end what that person has had followed?"


async def forget(store: Store, subject: Subject) -> None:
    """Erases it, and prints what that was; raises StoreUnavailable."""
    erased = await (store.forget_call(subject) if isinstance(subject, CallId) else store.forget_user(subject))
    print_plain(f"{_figures(erased)}\n{STAYS}")


def _figures(erased: Erased) -> str:
    counted = [
        (erased.calls, "followed call", "followed calls"),
        (erased.subscriptions, "subscription", "subscriptions"),
        (erased.notices, "notice", "notices"),
        (erased.acts, "row of the audit", "rows of the audit"),
        (erased.mentions, "mention in another subscription", "mentions in other subscriptions"),
    ]
    parts = [f"{number} {one if number == 1 else many}" for number, one, many in counted if number]
    return f"Erased: {', '.join(parts)}." if parts else "Nothing is kept about that."
