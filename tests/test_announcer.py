"""The announcer: what comes together is put down together, and nobody is answered before that."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from bot.announcer import Announcer, Overrun
from bot.core.agent_ports import Announced
from bot.core.agents import Coverage
from bot.core.calls import CallId
from bot.core.errors import StoreUnavailable
from bot.core.tracing import TRACEPARENT
from tests.factories import make_call_id


@dataclass
class Announcements:
    """Remembers each batch; fails, or cares for nothing, if a test says so."""

    batches: list[list[CallId]] = field(default_factory=list)
    fails: bool = False
    answer: Announced = field(default_factory=lambda: Announced(nudged=1))
    gate: asyncio.Event | None = None
    traces: list[dict[CallId, str]] = field(default_factory=list)

    async def announce(self, call_ids: Sequence[CallId], traces: Mapping[CallId, str]) -> Announced:
        self.traces.append(dict(traces))
        self.batches.append(list(call_ids))
        if self.gate:
            await self.gate.wait()
        if self.fails:
            raise StoreUnavailable("gone")
        return self.answer

    async def measure_coverage(self, **_: object) -> Coverage:
        raise NotImplementedError


def make_announcer(kept: Announcements) -> tuple[Announcer, list[str]]:
    heard: list[str] = []
    return Announcer(announcements=kept, on_change=lambda: heard.append("woken")), heard


async def test_what_comes_together_is_one_transaction_with_each_call_once() -> None:
    kept = Announcements()
    announcer, heard = make_announcer(kept)
    results = await asyncio.gather(*(announcer.announce([make_call_id(n % 3 + 1)]) for n in range(30)))
    assert results == [True] * 30
    assert kept.batches == [[make_call_id(1), make_call_id(2), make_call_id(3)]]
    assert heard == ["woken"]


async def test_a_transaction_has_its_bound() -> None:
    kept = Announcements()
    announcer, _ = make_announcer(kept)
    await asyncio.gather(*(announcer.announce([make_call_id(n)]) for n in range(1, 451)))
    assert [len(batch) for batch in kept.batches] == [200, 200, 50]


async def test_nobody_is_woken_for_what_nobody_cares_for() -> None:
    announcer, heard = make_announcer(Announcements(answer=Announced(ignored=frozenset({make_call_id(1)}))))
    assert await announcer.announce([make_call_id(1)]) is False
    assert heard == []


async def test_each_hears_of_its_own_calls_whoever_came_together_with_it() -> None:
    announced = Announced(nudged=1, ignored=frozenset({make_call_id(1), make_call_id(3)}))
    announcer, heard = make_announcer(Announcements(answer=announced))
    webhooks = [[make_call_id(1)], [make_call_id(2)], [make_call_id(3), make_call_id(2)]]
    assert await asyncio.gather(*map(announcer.announce, webhooks)) == [False, True, True]
    assert heard == ["woken"]


async def test_everyone_who_waits_hears_that_it_failed_and_the_next_one_is_tried() -> None:
    kept = Announcements(fails=True)
    announcer, heard = make_announcer(kept)
    results = await asyncio.gather(*(announcer.announce([make_call_id(n)]) for n in (1, 2)), return_exceptions=True)
    assert [type(each) for each in results] == [StoreUnavailable] * 2
    kept.fails = False
    assert await announcer.announce([make_call_id(3)])
    assert heard == ["woken"]


async def test_more_than_may_wait_are_sent_away() -> None:
    kept = Announcements(gate=asyncio.Event())
    announcer, _ = make_announcer(kept)
    waiting = [asyncio.ensure_future(announcer.announce([make_call_id(1)])) for _ in range(2_000)]
    await asyncio.sleep(0)
    with pytest.raises(Overrun):
        await announcer.announce([make_call_id(2)])
    assert kept.gate
    kept.gate.set()
    assert await asyncio.gather(*waiting) == [True] * 2_000


async def test_a_sender_that_gives_up_takes_nothing_back() -> None:
    kept = Announcements(gate=asyncio.Event())
    announcer, _ = make_announcer(kept)
    impatient = asyncio.ensure_future(announcer.announce([make_call_id(1)]))
    patient = asyncio.ensure_future(announcer.announce([make_call_id(2)]))
    await asyncio.sleep(0)
    impatient.cancel()
    assert kept.gate
    kept.gate.set()
    assert await patient
    await announcer.close()
    assert kept.batches == [[make_call_id(1), make_call_id(2)]]


async def test_closing_waits_for_what_was_taken() -> None:
    kept = Announcements()
    announcer, _ = make_announcer(kept)
    await announcer.close()
    taken = asyncio.ensure_future(announcer.announce([make_call_id(1)]))
    await asyncio.sleep(0)
    await announcer.close()
    assert taken.done()
    assert kept.batches == [[make_call_id(1)]]


async def test_each_call_goes_on_in_the_trace_of_its_own_webhook() -> None:
    kept = Announcements()
    announcer, _heard = make_announcer(kept)

    async def announce(n: int, trace: str) -> None:
        TRACEPARENT.set(trace)
        await announcer.announce([make_call_id(n)])

    await asyncio.gather(announce(1, "first"), announce(2, ""), announce(3, "third"))
    assert kept.traces == [{make_call_id(1): "first", make_call_id(3): "third"}]
