"""Births: an agent's subscription wants a call, and gets one of its own for it, which is then like any other."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, exists, or_, select

from bot.core.changes import ChangeKind, Observation
from bot.core.subscriptions import Delivery, Reason, Subscription
from bot.storage.agent_standing import IS_ACTIVE as IS_WISH_ACTIVE
from bot.storage.database import Connection
from bot.storage.rows import Values, subscription_values
from bot.storage.schema import agent_subscriptions, subscriptions
from bot.storage.steps import IS_ENDED, Debt, ended, find_debt, in_pieces, insert_into

# Whether a subscription keeps its channel from being told of its call anew: it is told, it was by an agent's
# subscription, or a person there didn't want it any more.
IS_TAKING: ColumnElement[bool] = or_(
    ~IS_ENDED, subscriptions.c.parent_id != "", subscriptions.c.reason == Reason.PERSON.value
)


async def lock_parents(connection: Connection, born: Sequence[Subscription]) -> list[Subscription]:
    """Those whose agent's subscription is active; it stays so until our transaction is over."""
    found: set[str] = set()
    for piece in in_pieces(each.parent_id for each in born):
        is_it = (agent_subscriptions.c.id.in_(piece), IS_WISH_ACTIVE)
        query = select(agent_subscriptions.c.id).where(*is_it).order_by(agent_subscriptions.c.id)
        found.update((await connection.execute(query.with_for_update(read=True))).scalars())
    return [each for each in born if each.parent_id in found]


async def find_taken(connection: Connection, team_id: str, followed_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """The channels that are not told anew, by the row of the call; nothing where nobody follows an agent."""
    follows_agents = exists().where(agent_subscriptions.c.team_id == team_id, IS_WISH_ACTIVE)
    found: dict[int, set[str]] = {}
    for piece in in_pieces(followed_ids):
        query = select(subscriptions.c.followed_id, subscriptions.c.channel_id)
        is_theirs = (subscriptions.c.followed_id.in_(piece), IS_TAKING, follows_agents)
        for followed_id, channel_id in await connection.execute(query.where(*is_theirs)):
            found.setdefault(followed_id, set()).add(channel_id)
    return {followed_id: frozenset(channel_ids) for followed_id, channel_ids in found.items()}


async def bear(connection: Connection, born: Sequence[Subscription], seen: Observation) -> list[Subscription]:
    """Adds them, with their cards due, but where the channel is not told anew. The call's row is locked."""
    if not born:
        return []
    row = seen.followed
    query = select(subscriptions.c.channel_id).where(subscriptions.c.followed_id == row.id, IS_TAKING)
    taken = set((await connection.execute(query)).scalars())
    wanted = sorted((each for each in born if each.channel_id not in taken), key=lambda each: each.id)
    shared = await _find_shared(connection, row.team_id, {each.channel_id for each in wanted})
    end = ended(seen.end, seen.at) if seen.end else {}
    rows = [
        subscription_values(each, followed_id=row.id) | _card(seen) | end | {"is_shared": each.channel_id in shared}
        for each in wanted
    ]
    if not rows:
        return []
    insert = insert_into(connection, subscriptions).on_conflict_do_nothing().returning(subscriptions.c.id)
    added = set((await connection.execute(insert, rows)).scalars())
    return [each for each in wanted if each.id in added]


async def _find_shared(connection: Connection, team_id: str, channel_ids: set[str]) -> set[str]:
    """Slack told one process alone, and once, that others read along there: what was followed there has kept it."""
    is_there = (subscriptions.c.team_id == team_id, subscriptions.c.is_shared)
    found: set[str] = set()
    for piece in in_pieces(channel_ids):
        query = select(subscriptions.c.channel_id).where(*is_there, subscriptions.c.channel_id.in_(piece)).distinct()
        found.update((await connection.execute(query)).scalars())
    return found


def find_birth_debt(seen: Observation, born: Subscription) -> Debt | None:
    """The notice that comes with a card, if there is more to say than it shows: somebody is to be named, or heard.

    The card shows the state itself.
    """
    is_heard = bool(born.options.mention) or born.options.to is Delivery.CHANNEL
    if not (is_heard and seen.followed.state.is_final):
        return None
    told = Observation(
        followed=seen.followed, at=seen.at, kind=ChangeKind.STATUS, happened_at=seen.happened_at, path=seen.path
    )
    return find_debt(told, born, seen_status="")


def _card(seen: Observation) -> Values:
    return {
        "seen_status": seen.followed.state.status,
        "seen_media": seen.followed.is_media_told,
        "card_posts": 1,
        "card_wanted": 1,
        "card_due_at": seen.at,
    }
