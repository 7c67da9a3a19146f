"""Faults that a sandbox server commits on demand: what the real ones do on bad days, repeatable."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from random import Random
from typing import Literal, get_args

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RainKind = Literal["429", "500", "lost"]


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


# Bodies that both a Slack and a Samora might give.
TOO_MANY = '{"ok": false, "error": "ratelimited", "message": "Too many requests"}'
_BROKEN = '{"ok": false, "error": "internal_error", "message": "Internal server error"}'
_DROPS: dict[RainKind, tuple[Fault, ...]] = {
    "429": (Fault(status=429, body=TOO_MANY, retry_after=1),),
    "500": (Fault(status=500, body=_BROKEN),),
    "lost": (Fault(drop=True, after=True), Fault(status=500, body=_BROKEN, after=True)),
}


@dataclass(frozen=True, kw_only=True)
class _Rain:
    path: str
    share: float
    kinds: tuple[RainKind, ...]
    dice: Random

    def roll(self, path: str) -> RainKind | None:
        """Which kind of fault strikes this request, if any; only requests that match move the dice."""
        if not fnmatch(path, self.path) or self.dice.random() >= self.share:
            return None
        return self.dice.choice(self.kinds)


class Faults:
    """The faults that wait for their request, first come first served, and the rain that strikes where none does.

    Attributes:
        rained: how many requests the rain has struck, by kind.
    """

    def __init__(self) -> None:
        self.rained: Counter[RainKind] = Counter()
        self._waiting: list[Fault] = []
        self._rains: list[_Rain] = []

    def add(self, fault: Fault) -> None:
        """Puts a fault behind those already waiting."""
        self._waiting.append(fault)

    def rain(
        self, *, path: str = "*", share: float = 0.1, seed: int = 0, kinds: Iterable[RainKind] = ("429", "500", "lost")
    ) -> None:
        """Lets a share of all matching requests fail until :meth:`clear`; several rains may fall at once.

        Args:
            path: a glob over the request's path.
            share: how likely each request is to fail, from 0 to 1.
            seed: the same seed strikes the same requests, if they come in the same order.
            kinds: what may happen, each as likely. "429" comes with ``Retry-After: 1``, before any work; "500" too
                comes before any work; "lost" does the work, and then cuts the connection or answers HTTP 500.

        Raises:
            ValueError: a share or kind that there is not.
        """
        chosen = tuple(kinds)
        if not 0 <= share <= 1 or not chosen or not set(chosen) <= set(get_args(RainKind)):
            message = f"a share from 0 to 1 and kinds of {get_args(RainKind)} are expected"
            raise ValueError(message)
        self._rains.append(_Rain(path=path, share=share, kinds=chosen, dice=Random(seed)))

    def clear(self) -> None:
        """Forgets every fault and ends every rain."""
        self._waiting.clear()
        self._rains.clear()

    def _take(self, path: str) -> Fault | None:
        for place, fault in enumerate(self._waiting):
            if fnmatch(path, fault.path):
                if fault.times > 1:
                    self._waiting[place] = replace(fault, times=fault.times - 1)
                else:
                    del self._waiting[place]
                return fault
        return self._fall(path)

    def _fall(self, path: str) -> Fault | None:
        for rain in self._rains:
            kind = rain.roll(path)
            if kind is not None:
                self.rained[kind] += 1
                return rain.dice.choice(_DROPS[kind])
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
