"""PostgreSQL's connections, as this bot wants them: made ready, and given up quickly when their server is gone."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.errors import CancellationTimeout

_SESSION = (
    "SELECT set_config('statement_timeout', '10s', false), set_config('timezone', 'UTC', false), "
    "set_config('idle_in_transaction_session_timeout', '30s', false)"
)

# A server that is there takes a cancellation at once.
_CANCEL_SECONDS = 1.0


class Connection(AsyncConnection[Any]):
    """A connection whose statement can be given up.

    psycopg would wait for another ten seconds for a server that says nothing any more.
    """

    async def cancel_safe(self, *, timeout: float = _CANCEL_SECONDS) -> None:  # noqa: ASYNC109 - psycopg's signature
        """Asks the server to drop the statement; closes the connection if the server doesn't take that within a second.

        Raises:
            CancellationTimeout: it didn't.
        """
        try:
            await super().cancel_safe(timeout=min(timeout, _CANCEL_SECONDS))
        except CancellationTimeout:
            self.pgconn.finish()
            raise


async def connect(url: str, options: dict[str, Any]) -> Connection:
    """Connects, and makes the session ready."""
    connection = await Connection.connect(url, autocommit=True, **options)
    try:
        await connection.execute(_SESSION)
        await connection.set_autocommit(False)
    except BaseException:
        await connection.close()
        raise
    return connection
