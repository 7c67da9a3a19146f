"""Asking for a call: by command, by mention, by shortcut; and what the asker gets."""

import pytest

from bot.core.calls import EXAMPLE_ID
from bot.sandbox import company
from tests.e2e.world import JON, MIRA, OPERATIONS, World, assert_quick, labels

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_command_shows_the_card_to_the_asker_alone(world: World) -> None:
    card = await world.ask(company.FINISHED)
    assert card.ephemeral_to == MIRA
    assert card not in world.slack.visible_to(JON, OPERATIONS)
    assert "✅ Finished" in card.everything_written
    assert "3m 34s" in card.text
    assert company.FINISHED in card.text
    assert labels(card) == ["Recording", "Transcript", "Refresh", "Share"]


@pytest.mark.parametrize(
    "text",
    [
        company.FINISHED.upper(),
        company.FINISHED.replace("-", ""),
        f"`{company.FINISHED}`",
        f"what about {company.FINISHED}, please?",
        f"<https://app.samora.ai/calls/{company.FINISHED}?tab=1>",
        f"https://app.samora.ai/%2F{company.FINISHED}",
    ],
)
async def test_an_id_is_found_wherever_it_stands(world: World, text: str) -> None:
    card = await world.ask(text)
    assert company.FINISHED in card.text


@pytest.mark.parametrize(
    ("call_id", "words", "buttons"),
    [
        (company.PENDING, "Pending", ["Refresh", "Follow", "Share"]),
        (company.TRIGGERED, "Triggered", ["Refresh", "Follow", "Share"]),
        (company.ONGOING, "Ongoing", ["Refresh", "Follow", "Share"]),
        (company.UNANSWERED, "no recording: the call was not answered", ["Refresh", "Share"]),
        (company.REJECTED, "no recording: the call was rejected", ["Refresh", "Share"]),
        (company.FINISHED_WITHOUT_MEDIA, "recording is being prepared", ["Refresh", "Share"]),
        (company.VOICEMAIL, "Voicemail", None),
    ],
)
async def test_every_status_has_its_card(world: World, call_id: str, words: str, buttons: list[str] | None) -> None:
    card = await world.ask(call_id)
    assert words in card.everything_written
    assert buttons is None or labels(card) == buttons


async def test_help_names_every_subcommand_with_an_example(world: World) -> None:
    for text in ("help", "", "  HELP "):
        answer = await world.ask(text)
        for subcommand in (EXAMPLE_ID, "subscribe", "unsubscribe", "list", "help"):
            assert f"/samora-call {subcommand}" in answer.everything_written
        assert answer.ephemeral_to == MIRA


async def test_a_misspelt_subcommand_gets_the_nearest_one_and_no_look_up(world: World) -> None:
    before = world.calls_of_samora()
    answer = await world.ask(f"subscirbe {company.FINISHED}")
    assert "Did you mean `/samora-call subscribe`?" in answer.text
    assert world.calls_of_samora() == before


async def test_words_that_are_no_id_get_an_example_of_one(world: World) -> None:
    answer = await world.ask("where is my call 4711?")
    assert "That isn't a call id." in answer.text
    assert EXAMPLE_ID in answer.text


async def test_several_ids_are_asked_back(world: World) -> None:
    question = await world.ask(f"{company.FINISHED} {company.REJECTED}")
    assert labels(question) == [company.FINISHED, company.REJECTED]
    card = await world.press(company.REJECTED, question)
    assert "Rejected" in card.everything_written
    assert card.ts == question.ts, "the answer takes the question's place"


async def test_a_mention_in_a_thread_is_answered_in_that_thread(world: World) -> None:
    root = world.slack.post_as(JON, OPERATIONS, "Who knows about this one?")
    world.look()
    assert_quick(await world.slack.mention(MIRA, OPERATIONS, company.FINISHED, thread_ts=root.ts))
    card = await world.new("Finished")
    assert card.thread_ts == root.ts
    assert card.ephemeral_to == MIRA


async def test_a_mention_without_an_id_gets_help(world: World) -> None:
    assert_quick(await world.slack.mention(MIRA, OPERATIONS, ""))
    assert "/samora-call help" in (await world.new()).everything_written


async def test_an_event_that_slack_sends_again_is_answered_once(world: World) -> None:
    assert_quick(await world.slack.mention(MIRA, OPERATIONS, company.FINISHED))
    await world.new("Finished")
    before = world.calls_of_samora()
    assert_quick(await world.slack.retry_event())
    # The next answer is to something else: the retry made none before it.
    answer = await world.ask("help")
    assert "Samora calls in Slack" in answer.everything_written
    assert world.calls_of_samora() == before


@pytest.mark.parametrize(
    "message",
    [
        {"text": f"Call {company.FINISHED} sounds odd"},
        {"text": "", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": f"id {company.FINISHED}"}}]},
        {"text": f"https://app.samora.ai/calls/{company.FINISHED}"},
        {"text": "", "attachments": [{"fields": [{"title": "Call", "value": company.FINISHED, "short": True}]}]},
        {
            "text": "",
            "blocks": [
                {
                    "type": "rich_text",
                    "elements": [
                        {
                            "type": "rich_text_section",
                            "elements": [{"type": "link", "url": f"https://x.example/{company.FINISHED}"}],
                        }
                    ],
                }
            ],
        },
    ],
    ids=["text", "section", "link", "attachment", "rich_text"],
)
async def test_the_message_shortcut_finds_the_id_wherever_the_message_holds_it(
    world: World, message: dict[str, object]
) -> None:
    posted = world.slack.post_as(JON, OPERATIONS, **message)  # type: ignore[arg-type]
    world.look()
    assert_quick(await world.slack.message_shortcut(MIRA, "show_call", OPERATIONS, posted.ts))
    card = await world.new("Finished")
    assert card.ephemeral_to == MIRA
    assert company.FINISHED in card.text


async def test_the_shortcut_on_a_shared_card_is_not_confused_by_the_agents_id(world: World) -> None:
    card = await world.ask(company.REJECTED)
    shared = await world.share(card)
    assert_quick(await world.slack.message_shortcut(JON, "show_call", OPERATIONS, shared.ts))
    again = await world.new("Rejected")
    assert again.ephemeral_to == JON


async def test_the_shortcut_in_a_thread_answers_in_the_thread(world: World) -> None:
    root = world.slack.post_as(JON, OPERATIONS, "Calls of today")
    reply = world.slack.post_as(JON, OPERATIONS, company.ONGOING, thread_ts=root.ts)
    world.look()
    assert_quick(await world.slack.message_shortcut(MIRA, "show_call", OPERATIONS, reply.ts))
    card = await world.new("Ongoing")
    assert card.thread_ts == root.ts


async def test_hostile_variables_stay_text(world: World) -> None:
    card = await world.ask(company.HOSTILE)
    shared = await world.share(card)
    for message in (card, shared):
        for text in [*_marked_up(message.blocks), message.text]:
            assert "<!channel>" not in text
            assert "<@U" not in text
            assert "<https://evil" not in text


def _marked_up(blocks: object) -> list[str]:
    if isinstance(blocks, dict):
        own = [blocks["text"]] if blocks.get("type") == "mrkdwn" else []
        return own + [text for inner in blocks.values() for text in _marked_up(inner)]
    if isinstance(blocks, list | tuple):
        return [text for inner in blocks for text in _marked_up(inner)]
    return []
