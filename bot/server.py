"""The HTTP server: uvicorn on a socket of ours, ended when we say so."""

import asyncio
import contextlib
import os
import socket

import structlog
import uvicorn

from bot.web import Web

log = structlog.get_logger(__name__)

_REQUESTS_GRACE_SECONDS = 2


class CannotStart(Exception):
    """The bot cannot start, or not go on; the text is a sentence for whoever started it."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 is any free one.

    Raises:
        CannotStart: it is taken, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise CannotStart(f"HOST {host}, PORT {port}: {why}. Set another.") from None


class _Server(uvicorn.Server):
    """uvicorn, without its own signal handlers: when to stop is decided outside."""

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()


async def serve(web: Web, listening: socket.socket, stopped: asyncio.Event) -> None:
    """Serves until stopped; then requests under way have two seconds.

    Raises:
        CannotStart: the server ended by itself.
    """
    server = _Server(
        uvicorn.Config(
            web,
            http="httptools",
            ws="none",
            lifespan="off",
            interface="asgi3",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_REQUESTS_GRACE_SECONDS,
        )
    )
    host, port = listening.getsockname()[:2]
    log.info("listening", host=host, port=port)
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="uvicorn")
    stopping = asyncio.create_task(stopped.wait(), name="web stop")
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        server.should_exit = True
        await serving
    if not stopped.is_set():
        raise CannotStart("The HTTP server ended by itself; the log says why.")
