"""The tables: what is remembered. No names, no variables, no links in any of them; every row says whose it is."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, MetaData, Table, Text, UniqueConstraint

from bot.storage.columns import BIG_ID, ForeignText, count_column, flag_column, text_column, time_column, where

# The newest revision in migrations/versions: as long as the database has it, Alembic is not even imported.
HEAD = "0006"

metadata = MetaData()


# A lease is a later due_at with its holder's token beside it; a due_at of null is "never". seen_at: when it was first
# heard of; null in rows of a bot older than that column. A call that a webhook announced has no status until a look.
# held_until: no earlier than that it is read again after a look that failed, whatever webhooks say.
followed_calls = Table(
    "followed_calls",
    metadata,
    Column("id", BIG_ID, primary_key=True, autoincrement=True),
    text_column("team_id"),
    text_column("call_id"),
    Column("status", ForeignText(), nullable=False),
    time_column("started_at", nullable=True),
    time_column("ended_at", nullable=True),
    flag_column("recording"),
    flag_column("transcript"),
    count_column("number"),
    time_column("status_since"),
    time_column("news_at"),
    time_column("media_at", nullable=True),
    flag_column("is_media_told"),
    flag_column("is_stuck_told"),
    count_column("failures"),
    time_column("read_at"),
    time_column("due_at", nullable=True),
    Column("lease", Text(), nullable=True),
    text_column("agent_id", ""),
    flag_column("is_awaited"),
    time_column("seen_at", nullable=True),
    time_column("nudged_at", nullable=True),
    time_column("held_until", nullable=True),
    UniqueConstraint("team_id", "call_id", name="uq_followed_calls_call"),
    Index("ix_followed_calls_due", "team_id", "due_at", **where("due_at IS NOT NULL")),
    Index("ix_followed_calls_idle", "read_at", **where("due_at IS NULL")),
    Index("ix_followed_calls_agent", "team_id", "agent_id", "seen_at", **where("agent_id <> ''")),
)

# seen_status: the status that it knew last: told of it, or active when it came, or its card was born with it.
# seen_media: likewise, whether what a call leaves behind was told. card_posts: the how manieth post the card is.
# is_reposted: whether that was done anew since somebody last resumed it. card_wanted, card_drawn: which drawing.
# card_due_at is null while Slack refuses us, so whatever is not null may be claimed. ended_at: when it ended last; null
# if it never did, or if a bot older than that column has ended it. is_shared: as in a CardJob. parent_id: the agent's
# subscription that it came from. board_id: the board that shows it instead of a card of its own; empty for none.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Text(), primary_key=True),
    text_column("team_id"),
    text_column("channel_id"),
    text_column("thread_ts", ""),
    text_column("call_id"),
    Column("followed_id", BIG_ID, ForeignKey("followed_calls.id", name="fk_subscriptions_followed"), nullable=False),
    text_column("creator_id"),
    Column("statuses", Text(), nullable=True),
    text_column("delivery"),
    text_column("mention", ""),
    text_column("style"),
    text_column("state"),
    text_column("reason", ""),
    time_column("created_at"),
    time_column("ended_at", nullable=True),
    Column("seen_status", ForeignText(), nullable=False),
    flag_column("seen_media"),
    text_column("card_ts", ""),
    count_column("card_posts"),
    flag_column("is_reposted"),
    count_column("card_wanted"),
    count_column("card_drawn"),
    time_column("card_due_at", nullable=True),
    Column("card_lease", Text(), nullable=True),
    count_column("card_failures"),
    time_column("card_begun_at", nullable=True),
    flag_column("is_shared"),
    text_column("parent_id", ""),
    text_column("board_id", ""),
    Index("ix_subscriptions_followed", "followed_id"),
    Index("uq_subscriptions_parent", "parent_id", "call_id", unique=True, **where("parent_id <> ''")),
    Index("ix_subscriptions_born", "team_id", "channel_id", "created_at", **where("parent_id <> ''")),
    Index("ix_subscriptions_parent", "parent_id", "created_at", **where("parent_id <> ''")),
    Index("ix_subscriptions_board", "board_id", **where("board_id <> ''")),
    Index("ix_subscriptions_channel", "team_id", "channel_id", "created_at"),
    Index("ix_subscriptions_shared", "team_id", "channel_id", **where("is_shared")),
    Index("ix_subscriptions_creator", "team_id", "creator_id", "created_at"),
    Index("ix_subscriptions_state", "team_id", "state"),
    Index("ix_subscriptions_card_due", "team_id", "card_due_at", **where("card_due_at IS NOT NULL")),
    Index("ix_subscriptions_card_new", "team_id", "card_due_at", **where("card_due_at IS NOT NULL AND card_ts = ''")),
    Index("ix_subscriptions_ended", "ended_at", **where("state = 'ended'")),
    Index(
        "uq_subscriptions_live",
        "team_id",
        "channel_id",
        "call_id",
        unique=True,
        **where("state <> 'ended'"),
    ),
)

# A channel's wish about the calls of an agent. filters: JSON, as rows.py has it.
agent_subscriptions = Table(
    "agent_subscriptions",
    metadata,
    Column("id", Text(), primary_key=True),
    text_column("team_id"),
    text_column("channel_id"),
    text_column("agent_id"),
    text_column("creator_id"),
    Column("statuses", Text(), nullable=True),
    text_column("delivery"),
    text_column("mention", ""),
    text_column("style"),
    Column("filters", ForeignText(), nullable=False, default="[]"),
    text_column("state"),
    text_column("reason", ""),
    time_column("created_at"),
    time_column("ended_at", nullable=True),
    Index("ix_agent_subscriptions_agent", "team_id", "agent_id", **where("state = 'active'")),
    Index("ix_agent_subscriptions_creator", "team_id", "creator_id", "created_at"),
    Index("ix_agent_subscriptions_ended", "ended_at", **where("state = 'ended'")),
    Index(
        "uq_agent_subscriptions_live",
        "team_id",
        "channel_id",
        "agent_id",
        unique=True,
        **where("state <> 'ended'"),
    ),
)

# name: what people call the agent. webhook_seen_at: when a webhook last named a call of its; missed: how many changes
# in a row were seen since that none had announced.
agents = Table(
    "agents",
    metadata,
    Column("team_id", Text(), primary_key=True),
    Column("agent_id", Text(), primary_key=True),
    Column("name", ForeignText(), nullable=False, default=""),
    time_column("webhook_seen_at", nullable=True),
    count_column("missed"),
)

# The webhooks that were installed at Samora. secret: Samora's own for signing, encrypted.
webhooks = Table(
    "webhooks",
    metadata,
    Column("team_id", Text(), primary_key=True),
    Column("webhook_id", Text(), primary_key=True),
    text_column("agent_id"),
    text_column("secret", ""),
    time_column("created_at"),
)

# One message that stands for many cards. closed_at: since when nothing more goes onto it; null while it is open. Its
# drawing, lease and attempts are as a card's.
boards = Table(
    "boards",
    metadata,
    Column("id", Text(), primary_key=True),
    text_column("team_id"),
    text_column("channel_id"),
    time_column("opened_at"),
    time_column("closed_at", nullable=True),
    text_column("mention", ""),
    text_column("ts", ""),
    count_column("posts"),
    count_column("wanted"),
    count_column("drawn"),
    time_column("drawn_at", nullable=True),
    time_column("due_at", nullable=True),
    Column("lease", Text(), nullable=True),
    count_column("failures"),
    time_column("begun_at", nullable=True),
    Index("ix_boards_due", "team_id", "due_at", **where("due_at IS NOT NULL")),
    Index("uq_boards_open", "team_id", "channel_id", unique=True, **where("closed_at IS NULL")),
    Index("ix_boards_stopped", "team_id", "channel_id", **where("due_at IS NULL AND wanted > drawn")),
    Index("ix_boards_closed", "closed_at", **where("closed_at IS NOT NULL")),
)

# One outbox per conversation; a user's id stands for that person's direct messages.
channels = Table(
    "channels",
    metadata,
    Column("team_id", Text(), primary_key=True),
    Column("channel_id", Text(), primary_key=True),
    time_column("due_at", nullable=True),
    Column("lease", Text(), nullable=True),
    count_column("failures"),
    time_column("next_post_at", nullable=True),
    Index("ix_channels_due", "team_id", "due_at", **where("due_at IS NOT NULL")),
    Index("ix_channels_idle", "next_post_at", **where("due_at IS NULL")),
)

# done_at: when it was posted, or given up for the reason beside it; null while it is owed. happened_at: when what it
# tells happened, as Samora says; path: how the bot came to know of it, "webhook" or "poll".
notices = Table(
    "notices",
    metadata,
    Column("id", BIG_ID, primary_key=True, autoincrement=True),
    text_column("team_id"),
    Column("subscription_id", Text(), ForeignKey("subscriptions.id", name="fk_notices_subscription"), nullable=False),
    Column("number", BigInteger(), nullable=False),
    text_column("kind"),
    text_column("channel_id"),
    text_column("facts"),
    time_column("created_at"),
    time_column("begun_at", nullable=True),
    count_column("attempts"),
    text_column("sent_ts", ""),
    time_column("done_at", nullable=True),
    text_column("dead_reason", ""),
    time_column("happened_at", nullable=True),
    text_column("path", ""),
    UniqueConstraint("subscription_id", "kind", "number", name="uq_notices_change"),
    Index("ix_notices_owed", "team_id", "channel_id", "id", **where("done_at IS NULL")),
    Index("ix_notices_done", "done_at", **where("done_at IS NOT NULL")),
)

# taken: a JSON list of the times, in seconds since 1970, of what was taken within the window.
budgets = Table(
    "budgets",
    metadata,
    Column("team_id", Text(), primary_key=True),
    Column("name", Text(), primary_key=True),
    text_column("taken", "[]"),
)

# Who did what. Both the newest and the oldest rows are found by their time.
audit = Table(
    "audit",
    metadata,
    Column("id", BIG_ID, primary_key=True, autoincrement=True),
    text_column("team_id"),
    time_column("at"),
    text_column("user_id"),
    text_column("action"),
    text_column("call_id", ""),
    text_column("channel_id", ""),
    Index("ix_audit_at", "at", "id"),
)
