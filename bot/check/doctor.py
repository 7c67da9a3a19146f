"""The examination that the doctor in Slack asks for: of the running bot, and of the channel where somebody asks."""

from collections.abc import Callable
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.check.database import check_database, check_queue, database_check, queue_check
from bot.check.engine import run_checks
from bot.check.process import Pulse, process_check
from bot.check.samora import samora_check
from bot.check.slack import channel_check, slack_check
from bot.core.findings import Finding
from bot.core.lookup import Lookup
from bot.core.ports import Clock
from bot.storage.store import Store


class Examiner:
    """Looks at everything that the running bot knows and reaches."""

    def __init__(
        self, *, web: AsyncWebClient, lookup: Lookup, store: Store, feel: Callable[[], Pulse], clock: Clock
    ) -> None:
        """Takes Slack's client, Samora, the database, who feels the process's pulse, and the time."""
        self._web = web
        self._lookup = lookup
        self._store = store
        self._feel = feel
        self._clock = clock

    async def examine(self, channel_id: str) -> list[Finding]:
        """All findings, for somebody in that channel; raises nothing, and is done in five seconds."""
        database = self._store.database
        return await run_checks(
            [
                slack_check(self._web, self._clock),
                channel_check(self._web, channel_id),
                process_check(self._feel, self._clock),
                samora_check(self._lookup),
                database_check(partial(check_database, database)),
                queue_check(partial(check_queue, database, self._store.measure)),
            ]
        )
