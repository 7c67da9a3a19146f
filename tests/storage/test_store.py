from bot.core.calls import CallStatus
from bot.core.figures import Figures
from bot.storage.store import Store
from tests.core.making import MINUTE, SECOND, FakeClock
from tests.factories import OTHER_TEAM, TEAM, USER
from tests.storage.acting import Actor
from tests.storage.bursting import Burst


async def test_nothing_to_do(store: Store) -> None:
    assert await store.measure() == Figures()


async def test_how_much_there_is_to_do(store: Store, actor: Actor, clock: FakeClock) -> None:
    await actor.follow("other", team_id=OTHER_TEAM)
    for n in (1, 2, 3, 4):
        await actor.follow(f"sub-{n}", n=n, channel_id=f"C{n}")
    for n in (1, 2, 3):
        await actor.see("TRIGGERED", n=n)
    await store.subscriptions.pause("sub-1", by=USER)
    await store.subscriptions.end("sub-4", by=USER)
    clock.advance(2 * MINUTE)
    figures = await store.measure()
    assert figures == Figures(
        calls_due=2,
        late_seconds=61.0,
        notices_owed=2,
        oldest_notice_seconds=121.0,
        cards_old=4,
        active=2,
        paused=1,
    )
    await actor.deliver()
    await actor.draw()
    await actor.claim_calls()
    clock.advance(SECOND)
    assert await store.measure() == Figures(active=2, paused=1)


async def test_a_board_that_is_to_be_drawn_counts_as_a_card_and_one_that_rests_does_not(
    store: Store, actor: Actor
) -> None:
    burst = Burst(actor)
    await burst.come(11)
    await burst.come(11, team_id=OTHER_TEAM, channel_id="C9")
    assert (await store.measure()).cards_old == 1
    await burst.draw()
    assert (await store.measure()).cards_old == 0
    await burst.change(1, CallStatus.CALL_FINISHED)
    assert (await store.measure()).cards_old == 1
    await store.outbox.stop_team(TEAM)
    assert (await store.measure()).cards_old == 0, "nobody can draw it now"
