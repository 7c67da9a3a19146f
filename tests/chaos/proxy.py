"""A TCP proxy that behaves as badly as it is told to: between the bot and one of its neighbours."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Literal, Self

Fault = Literal["none", "latency", "reset", "half-open", "truncate", "refuse"]
Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]

_CHUNK = 65536
_TRUNCATED = 60


class Proxy:
    """Passes bytes on, unless ``fault`` says otherwise; entered, it listens.

    Attributes:
        port: where it listens on loopback.
        fault: what happens to what passes from now on: "latency" (each chunk comes ``delay`` seconds late), "reset"
            (RST to both sides), "half-open" (nothing passes any more and nobody is told), "truncate" (60 bytes of an
            answer, then the end), "refuse" (nobody listens, and who is connected is cut).
        delay: seconds.
    """

    def __init__(self, connect: Connect, *, delay: float = 0.3) -> None:
        """Takes how to reach the neighbour."""
        self.port = 0
        self.fault: Fault = "none"
        self.delay = delay
        self._connect = connect
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def set(self, fault: Fault) -> None:
        """Behaves so from now on; what is half-open or refused stays lost when it ends."""
        before, self.fault = self.fault, fault
        if fault == "refuse":
            await self._close()
        elif before == "refuse":
            await self._listen()
        if fault in {"reset", "refuse"} or before == "half-open":
            self._reset_all()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._reset_all()

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise AssertionError
        self._tasks.add(task)
        self._writers.add(writer)
        upstream: asyncio.StreamWriter | None = None
        try:
            if self.fault == "reset":
                await reader.read(1)
                return
            answers, upstream = await self._connect()
            self._writers.add(upstream)
            asking = asyncio.create_task(self._pump(reader, upstream, is_answer=False))
            answering = asyncio.create_task(self._pump(answers, writer, is_answer=True))
            try:
                await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                asking.cancel()
                answering.cancel()
                await asyncio.gather(asking, answering, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for each in (writer, upstream):
                if each is not None:
                    self._writers.discard(each)
                    reset(each) if self.fault == "reset" else each.close()
            self._tasks.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
        while chunk := await reader.read(_CHUNK):
            match self.fault:
                case "half-open":
                    continue
                case "latency":
                    await asyncio.sleep(self.delay)
                case "reset":
                    return
                case "truncate" if is_answer:
                    writer.write(chunk[:_TRUNCATED])
                    await writer.drain()
                    return
            writer.write(chunk)
            await writer.drain()
        if self.fault == "half-open":
            await asyncio.Event().wait()


def reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection with RST."""
    there = writer.get_extra_info("socket")
    if there is not None and there.family != socket.AF_UNIX and there.fileno() != -1:
        there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
