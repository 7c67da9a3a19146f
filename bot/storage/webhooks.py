"""The webhooks that were installed, with the secret that Samora signs with, encrypted.

How Samora signs is not published yet. The secret is told once, so it is kept for the day on which it is.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, select

from bot.core.ports import Clock
from bot.storage.database import Database
from bot.storage.schema import webhooks
from bot.storage.steps import insert_into

_PURPOSE = b"samora-bot: signing secrets of webhooks"


class WebhookStore:
    """Keeps what installing a webhook told."""

    def __init__(self, *, database: Database, team_id: str, secret: str, clock: Clock) -> None:
        """Takes the database, the workspace, WEBHOOK_SECRET, from which the key is made, and the time."""
        self._database = database
        self._team_id = team_id
        self._cipher = _cipher(secret)
        self._clock = clock

    async def keep(self, webhook_id: str, *, agent_id: str, secret: str) -> None:
        """Remembers a webhook and its secret; raises StoreUnavailable."""
        values = {
            "team_id": self._team_id,
            "webhook_id": webhook_id,
            "agent_id": agent_id,
            "secret": self._cipher.encrypt(secret.encode()).decode(),
            "created_at": self._clock(),
        }
        async with self._database.writing() as connection:
            new = insert_into(connection, webhooks).values(values)
            again = {"secret": new.excluded.secret, "created_at": new.excluded.created_at}
            await connection.execute(new.on_conflict_do_update(index_elements=["team_id", "webhook_id"], set_=again))

    async def find_secret(self, webhook_id: str) -> str | None:
        """Samora's secret of a webhook; None if it was not kept, or with another WEBHOOK_SECRET."""
        is_it = (webhooks.c.team_id == self._team_id, webhooks.c.webhook_id == webhook_id)
        async with self._database.reading() as connection:
            found = (await connection.execute(select(webhooks.c.secret).where(*is_it))).scalar()
        if found is None:
            return None
        try:
            return self._cipher.decrypt(found.encode()).decode()
        except InvalidToken:
            return None

    async def forget(self, webhook_id: str) -> None:
        """Forgets a webhook that was removed."""
        is_it = (webhooks.c.team_id == self._team_id) & (webhooks.c.webhook_id == webhook_id)
        async with self._database.writing() as connection:
            await connection.execute(delete(webhooks).where(is_it))


def _cipher(secret: str) -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(key))
