"""What can go wrong, and whose turn it is then.

::

    BotError
    ├── UserMistake               the person can mend it: said kindly, logged at info
    ├── NotAllowed                an administrator's rule says no, to that person or there
    ├── TooManyLookups            somebody, or a channel, asks too often
    ├── CallNotFound              Samora knows no such call in this company
    ├── TemporaryError            time will mend it; may say when to come back
    │   ├── SamoraUnavailable         time-outs, 5xx, 429, answers that cannot be read
    │   ├── SlackUnavailable          time-outs, 5xx, ratelimited
    │   └── StoreUnavailable          the database does not answer
    └── PermanentError            somebody must act
        ├── SamoraRefused             401, 403: the key; 400: the request
        ├── UnsafeLink                Samora's link is not one that anybody should press
        ├── TokenRefused              invalid_auth, missing_scope …: the bot's own standing, not the place
        │   └── AppUninstalled            token_revoked, account_inactive: nothing works in that workspace
        ├── ModalClosed               whoever asked has closed the modal that the answer was for
        └── ChannelUnavailable        not_in_channel, channel_not_found, is_archived …
            ├── ThreadUnavailable         that thread takes no replies
            └── MessageGone               that message was deleted
                └── EditRefused               that message can't be edited any more

Each adapter translates its foreign errors into these in one place. Anything else is a bug.
"""


class BotError(Exception):
    """The base of everything that this bot raises on purpose.

    Attributes:
        reason: what happened, for a log: a few words without personal data, secrets or links.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UserMistake(BotError):
    """Something a person typed cannot be used; ``reason`` is a sentence for that person."""


class NotAllowed(BotError):
    """A rule says no; ``reason`` is which one: a :class:`bot.core.access.Rule`."""


class TooManyLookups(BotError):
    """One look-up too many within a minute. Nothing was asked of Samora; ``reason`` is a sentence for whoever asked."""


class CallNotFound(BotError):
    """Samora has no such call, or it belongs to another company (HTTP 404)."""


class TemporaryError(BotError):
    """Trying again later may help.

    Attributes:
        retry_after: seconds until then, where the other side said so.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class SamoraUnavailable(TemporaryError):
    """Samora does not answer, or answers what cannot be read."""


class SlackUnavailable(TemporaryError):
    """Slack does not answer, or asks to wait.

    With ``retry_after`` nothing has happened; without it, nobody knows whether a message was posted.
    """


class StoreUnavailable(TemporaryError):
    """The database does not answer. What was to be written is either written whole or not at all."""


class PermanentError(BotError):
    """Trying again changes nothing until somebody acts."""


class SamoraRefused(PermanentError):
    """Samora refuses this bot's key, or its request."""


class UnsafeLink(PermanentError):
    """A recording's or transcript's link that is neither ``https`` nor the sandbox's: it is not handed out."""


class TokenRefused(PermanentError):
    """Slack does not accept the bot's token, or not for that; ``reason`` is Slack's own error code."""


class AppUninstalled(TokenRefused):
    """The workspace has taken the bot's token back; ``reason`` is Slack's own error code."""


class ModalClosed(PermanentError):
    """The modal is not there any more: the person has closed it; ``reason`` is Slack's own error code."""


class ChannelUnavailable(PermanentError):
    """Slack lets the bot do nothing there; ``reason`` is Slack's own error code."""


class ThreadUnavailable(ChannelUnavailable):
    """That one thread takes no replies; the rest of the channel may."""


class MessageGone(ChannelUnavailable):
    """That one message, or the root of that thread, is not there any more."""


class EditRefused(MessageGone):
    """That one message is there, but can't be edited (any more): another must take its place."""
