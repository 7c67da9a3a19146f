"""The doctor: how the bot is, told to whoever asks; and whether it can post, tried out in front of everybody."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

from bot.core.errors import PermanentError, SlackUnavailable
from bot.core.findings import Finding
from bot.slack.doctor_words import (
    TEST_MESSAGE,
    deleting_failed,
    doctor_message,
    posting_failed,
    posting_message,
    posting_works,
)
from bot.slack.messenger import Messenger
from bot.slack.patience import PATIENCE_SECONDS, ask_patiently, post_patiently
from bot.slack.payloads import Place
from bot.slack.replies import Reply

log = structlog.get_logger(__name__)

# Looks at everything, for somebody in the channel of that id; raises nothing.
Examine = Callable[[str], Awaitable[Sequence[Finding]]]


class Doctor:
    """Examines, and says what it found. Everybody may ask: it knows no secrets, and nothing about people."""

    def __init__(self, *, examine: Examine, messenger: Messenger, patience: float = PATIENCE_SECONDS) -> None:
        """Takes who looks, who speaks, and after how many seconds a person is told that it takes longer."""
        self._examine = examine
        self._messenger = messenger
        self._patience = patience

    async def report(self, place: Place, reply: Reply) -> None:
        """All that was found, for the asker alone. Raises BotError for its caller to say, if it can't be sent."""
        findings = await ask_patiently(self._look(place), reply, patience=self._patience)
        await reply.send(doctor_message(findings))

    async def test_post(self, place: Place, reply: Reply) -> None:
        """Posts a message in the conversation or thread, deletes it, and tells the asker how that went."""
        finding = await self._try_posting(place)
        log.info("test_posted", channel_id=place.channel_id, user_id=place.user_id, outcome=finding.state.value)
        await reply.send(posting_message(finding))

    async def _look(self, place: Place) -> Sequence[Finding]:
        return await self._examine(place.channel_id)

    async def _try_posting(self, place: Place) -> Finding:
        channel = place.channel_id
        post = partial(self._messenger.post, channel=channel, thread_ts=place.thread_ts, message=TEST_MESSAGE)
        try:
            ts = await post_patiently(post, patience=self._patience)
        except (SlackUnavailable, PermanentError) as error:
            return posting_failed(error)
        try:
            await self._messenger.delete(channel=channel, ts=ts)
        except (SlackUnavailable, PermanentError) as error:
            return deleting_failed(error)
        return posting_works()
