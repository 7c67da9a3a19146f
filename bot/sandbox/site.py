"""The page's server: the built files, and one WebSocket for each browser that looks at the stage."""

from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from aiohttp import web

from bot.sandbox.faults import Handler
from bot.sandbox.live import Live
from bot.sandbox.stage import Stage

_PAGE: Final = Path(__file__).parent / "page" / "dist"

_HOST: Final = "127.0.0.1"
_PORTS_TRIED: Final = 20
_BROWSERS: Final = 16
_LONGEST_ORDER: Final = 256 * 1024  # bytes
_HEARTBEAT_SECONDS: Final = 20.0

# Scripts are the page's own alone. Recordings come from the sandbox's Samora, on another port of this machine.
_POLICY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' http://127.0.0.1:*; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class PageMissing(Exception):
    """The page is not built; the text says how to do that."""


def find_page() -> Path:
    """The folder with the built page.

    Raises:
        PageMissing: there is none.
    """
    if not (_PAGE / "index.html").is_file():
        raise PageMissing("The sandbox's page isn't built. In a checkout, `make page` does that.")
    return _PAGE


class Site:
    """A server on loopback, to be used as an async context manager.

    Attributes:
        url: where it listens; empty before.
    """

    def __init__(self, *, stage: Stage, page: Path, port: int) -> None:
        """Takes what to show, the folder with the built page, and a port; if it is taken, one of the next will do."""
        self.url = ""
        self._stage = stage
        self._page = page
        self._port = port
        self._browsers = 0
        app = web.Application(middlewares=[_guarded])
        app.router.add_get("/", self._index)
        app.router.add_get("/live", self._live)
        app.router.add_static("/", page)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        for port in (*range(self._port, self._port + _PORTS_TRIED), 0):
            try:
                await web.TCPSite(self._runner, _HOST, port).start()
            except OSError:
                continue
            self.url = f"http://{_HOST}:{self._runner.addresses[0][1]}"
            return self
        await self._runner.cleanup()
        message = f"no port is free on {_HOST}"
        raise OSError(message)

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _index(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(self._page / "index.html")

    async def _live(self, request: web.Request) -> web.StreamResponse:
        if self._browsers >= _BROWSERS:
            return web.Response(status=503, text="Too many browsers look at this sandbox already.")
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_SECONDS, max_msg_size=_LONGEST_ORDER, compress=False)
        await socket.prepare(request)
        self._browsers += 1
        try:
            await Live(socket=socket, stage=self._stage).run()
        finally:
            self._browsers -= 1
        return socket


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets this page in alone: a foreign one could reach loopback under a name of its own, or by WebSocket."""
    origin = request.headers.get("Origin")
    if not _is_local(request.host) or (origin is not None and urlsplit(origin).netloc != request.host):
        return web.Response(status=403, text="This sandbox is for its own page alone.")
    answer = await handler(request)
    if not answer.prepared:
        answer.headers.update(_HEADERS)
    return answer


def _is_local(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
