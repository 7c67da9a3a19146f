"""Faults that a sandbox server commits on demand: what the real ones do on bad days, repeatable."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatch

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way to fail, for the next ``times`` requests whose path matches.

    Attributes:
        path: a glob over the request's path, such as ``/api/chat.*``.
        times: how many requests it strikes before it is spent.
        delay: seconds to wait before anything else happens.
        status: answer with this HTTP status instead of working; None lets the work be done.
        body: the body of that answer.
        content_type: the content type of that answer.
        retry_after: the ``Retry-After`` header of that answer, in seconds.
        drop: cut the connection without an answer.
        after: do the work first, and only then fail: the answer is lost, the effect is not.
    """

    path: str = "*"
    times: int = 1
    delay: float = 0.0
    status: int | None = None
    body: str = ""
    content_type: str = "application/json"
    retry_after: int | None = None
    drop: bool = False
    after: bool = False


class Faults:
    """The faults that wait for their request, first come first served."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Puts a fault behind those already waiting."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Forgets every fault."""
        self._waiting.clear()

    def _take(self, path: str) -> Fault | None:
        for place, fault in enumerate(self._waiting):
            if fnmatch(path, fault.path):
                if fault.times > 1:
                    self._waiting[place] = replace(fault, times=fault.times - 1)
                else:
                    del self._waiting[place]
                return fault
        return None

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Stands before a server's handlers and lets a waiting fault strike."""
        fault = self._take(request.path)
        if fault is None:
            return await handler(request)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.after or (fault.status is None and not fault.drop):
            answer = await handler(request)
            if fault.status is None and not fault.drop:
                return answer
        if fault.drop or fault.status is None:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return web.Response(status=fault.status, text=fault.body, content_type=fault.content_type, headers=headers)
