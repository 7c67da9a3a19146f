"""What Slack makes of the names and addresses in a slash command, when the manifest has ``should_escape``."""

from typing import Any

import pytest

from bot.sandbox.slack import SlackSandbox

Heard = list[dict[str, Any]]


@pytest.mark.parametrize(
    ("typed", "delivered"),
    [
        ("subscribe 0001 @mira", "subscribe 0001 <@U0MIRA|mira>"),
        ("to @jon, @mira.", "to <@U0JON|jon>, <@U0MIRA|mira>."),
        ("ping @night-shift", "ping <!subteam^S0NIGHT|@night-shift>"),
        ("@here and @everyone", "<!here> and <!everyone>"),
        ("in #operations", "in <#C0OPS|operations>"),
        ("in #acme-partner!", "in <#C0SHARED|acme-partner>!"),
        ("in #board", "in <#C0SECRET|>"),
        ("https://app.samora.ai/call/1?a=b", "<https://app.samora.ai/call/1?a=b>"),
        ("<https://a.example|@mira> <@U0MIRA|mira>", "<https://a.example|@mira> <@U0MIRA|mira>"),
        ("@nobody #nowhere mira@jon.example @ # <", "@nobody #nowhere mira@jon.example @ # <"),
        ("`0001` & *more*", "`0001` & *more*"),
        ("", ""),
    ],
)
async def test_known_names_and_addresses_get_brackets(
    slack: SlackSandbox, heard: Heard, typed: str, delivered: str
) -> None:
    await slack.command("U0MIRA", typed)
    assert heard[0]["text"] == delivered


async def test_without_escaping_the_text_comes_as_it_was_typed(slack: SlackSandbox, heard: Heard) -> None:
    await slack.command("U0MIRA", "@mira https://a.example", escape=False)
    assert heard[0]["text"] == "@mira https://a.example"


async def test_a_new_channel_has_a_name_to_type(slack: SlackSandbox, heard: Heard) -> None:
    slack.add_channel("C0NEW", "news.daily")
    await slack.command("U0MIRA", "#news.daily")
    assert heard[0]["text"] == "<#C0NEW|news.daily>"
