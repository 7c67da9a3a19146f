"""The bot as a process of its own, run against the sandbox: the real thing, which can be stopped and killed."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import bot
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox

_LINES_KEPT = 2_000
_LONGEST_LINE = 1024 * 1024
_STOP_SECONDS = 12.0

# Whoever tries the sandbox may have the settings of a real bot in the environment. They must not get in.
NOT_INHERITED = (
    *("SLACK_", "SAMORA_", "DATABASE_", "POLL_", "LEASE_", "STUCK_", "LOG_", "HOST", "PORT", "WEBHOOK_", "BURST_"),
    *("HIDE_", "SHOW_", "ALLOWED_", "MEDIA_", "GUESTS", "ADMIN_", "USER_LOOKUPS_", "CHANNEL_LOOKUPS_"),
    *("AUDIT_", "RETENTION_"),
    *("HTTP_PROXY", "HTTPS_PROXY", "https_proxy", "http_proxy", "ALL_PROXY", "all_proxy"),
)


def bot_environment(*, slack: SlackSandbox, samora: SamoraSandbox, port: int | None = None) -> dict[str, str]:
    """The settings of a bot for these servers: HTTP mode at that port, or Socket Mode without one."""
    settings = {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_API_URL": slack.api_url,
        "SAMORA_API_KEY": samora.api_key,
        "SAMORA_API_URL": samora.url,
        "LOG_FORMAT": "json",
    }
    if port is None:
        return settings | {"SLACK_APP_TOKEN": slack.app_token}
    return settings | {"SLACK_SIGNING_SECRET": slack.signing_secret, "PORT": str(port)}


class BotProcess:
    """``samora-bot run`` as a child process; entered, it runs, and left, it is stopped.

    Attributes:
        lines: the newest lines that it wrote, oldest first.
        folder: the folder that it runs in, which is its home too; there while it is entered.
        exit_code: how it ended; None while it runs.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        module: str = "bot",
        arguments: tuple[str, ...] = ("run",),
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Takes its settings, what is run, its command line after that, and who hears of its lines and of its end."""
        self.lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self.folder = ""
        self.exit_code: int | None = None
        self._environment = environment
        self._module = module
        self._arguments = arguments
        self._on_change = on_change
        self._wrote = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.folder = tempfile.mkdtemp(prefix="samora-bot-")
        starting = asyncio.create_task(self.start(), name="start the bot")
        try:
            await asyncio.shield(starting)
        except BaseException:
            # Half started it could not be stopped, and would be left behind.
            await asyncio.wait({starting})
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        shutil.rmtree(self.folder)

    async def wait_for_line(self, text: str, *, within: float = 20.0) -> str:
        """The first line kept that holds a text, as soon as it is there.

        Raises:
            TimeoutError: it did not come in so many seconds, or the process ended before; the text has the last lines.
        """

        def find() -> str | None:
            return next((line for line in self.lines if text in line), None)

        async with self._wrote:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wrote.wait_for(lambda: find() or self.exit_code is not None), within)
        if found := find():
            return found
        message = "\n".join([f"the bot did not write {text!r}; its last lines:", *list(self.lines)[-20:]])
        raise TimeoutError(message)

    async def start(self) -> None:
        """Starts it, or starts it again; it is not ready yet."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        code = Path(bot.__file__).parent.parent
        self.exit_code = None
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            *self._arguments,
            # An empty folder: no .env of somebody's real bot.
            cwd=self.folder,
            env=inherited | {"PYTHONPATH": str(code), "HOME": self.folder, **self._environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LONGEST_LINE,
        )
        self._reading = asyncio.create_task(self._read(), name="bot's lines")

    async def stop(self) -> int:
        """Asks it to stop, and kills it if it doesn't; returns its exit code."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> int:
        """``kill -9``: it can finish nothing."""
        return await self._end(signal.SIGKILL)

    async def wait(self) -> int:
        """Waits until it ends by itself; returns its exit code."""
        if self._process is None or self._reading is None:
            return self.exit_code or 0
        await self._reading
        self._process = None
        return self.exit_code or 0

    async def _end(self, number: signal.Signals) -> int:
        process = self._process
        if process is None:
            return self.exit_code or 0
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            return await asyncio.wait_for(asyncio.shield(self.wait()), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            return await self.wait()

    async def _read(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        async for line in self._process.stdout:
            async with self._wrote:
                self.lines.append(line.decode(errors="replace").rstrip())
                self._wrote.notify_all()
            self._on_change()
        self.exit_code = await self._process.wait()
        async with self._wrote:
            self._wrote.notify_all()
        self._on_change()
