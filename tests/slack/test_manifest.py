"""The manifest: the file in the repository, the words in the code and Slack's rules are one."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.slack.grammar import COMMAND, SUBCOMMANDS
from bot.slack.listeners.events import APP_EVENTS, CHANNEL_EVENTS, HOME_EVENT
from bot.slack.listeners.shortcuts import FIND_CALL_SHORTCUT, SHORTCUTS
from bot.slack.manifest import EVENTS, NEEDED_SCOPES, OPTIONAL_SCOPES, make_manifest

FILE = Path(__file__).parents[2] / "manifest.yml"
URL = "https://bot.example.com"
EVENTS_URL = f"{URL}/slack/events"


def read(url: str | None = None) -> dict[str, Any]:
    manifest: dict[str, Any] = yaml.safe_load(make_manifest(url))
    return manifest


@pytest.fixture(params=[None, URL], ids=["socket", "http"])
def manifest(request: pytest.FixtureRequest) -> dict[str, Any]:
    return read(request.param)


def test_the_file_in_the_repository_is_the_manifest_for_socket_mode() -> None:
    assert FILE.read_bytes() == make_manifest().encode()


def test_the_command_is_the_one_that_the_bot_reads(manifest: dict[str, Any]) -> None:
    (command,) = manifest["features"]["slash_commands"]
    assert command["command"] == COMMAND
    assert command["should_escape"] is True, "or a mention: would arrive as a name instead of an id"
    assert [name for name in SUBCOMMANDS if name not in command["usage_hint"]] == []


def test_the_shortcuts_are_those_that_the_bot_listens_to(manifest: dict[str, Any]) -> None:
    shortcuts = manifest["features"]["shortcuts"]
    assert tuple(shortcut["callback_id"] for shortcut in shortcuts) == SHORTCUTS
    assert {shortcut["callback_id"]: shortcut["type"] for shortcut in shortcuts} == {
        callback_id: "global" if callback_id == FIND_CALL_SHORTCUT else "message" for callback_id in SHORTCUTS
    }
    assert [shortcut["name"] for shortcut in shortcuts] == [
        "Show Samora call",
        "Follow Samora call",
        "Find a Samora call",
    ]


def test_the_needed_scopes_are_three_and_the_optional_ones_may_be_withheld(manifest: dict[str, Any]) -> None:
    """Slack wants the optional ones in both lists."""
    assert manifest["oauth_config"]["scopes"] == {
        "bot": [*NEEDED_SCOPES, *OPTIONAL_SCOPES],
        "bot_optional": list(OPTIONAL_SCOPES),
    }
    assert set(NEEDED_SCOPES) == {"commands", "chat:write", "app_mentions:read"}
    reading = {"channels:read", "groups:read", "channels:history", "groups:history"}
    assert set(OPTIONAL_SCOPES) == reading | {"users:read", "usergroups:read"}


def test_each_scope_has_its_reason_beside_it() -> None:
    lines = [line.strip(" -") for line in make_manifest().splitlines()]
    for scope, why in (NEEDED_SCOPES | OPTIONAL_SCOPES).items():
        assert why
        assert [line for line in lines if line.startswith(scope) and line.endswith(f"# {why}")], scope


def test_every_event_is_listened_to_and_has_the_scope_that_it_needs(manifest: dict[str, Any]) -> None:
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert set(events) == {"app_mention", HOME_EVENT, *CHANNEL_EVENTS, *APP_EVENTS}
    assert len(events) == len(set(events))
    assert list(EVENTS) == events
    needed = {scope for scopes in EVENTS.values() for scope in scopes.split(" or ") if scope}
    assert needed <= set(manifest["oauth_config"]["scopes"]["bot"])
    assert EVENTS["app_mention"] in NEEDED_SCOPES


def test_people_can_be_told_why_a_subscription_is_paused(manifest: dict[str, Any]) -> None:
    """Without a messages tab, chat.postMessage to a person is refused: messages_tab_disabled."""
    assert manifest["features"]["app_home"]["messages_tab_enabled"] is True


def test_there_is_a_home_tab_to_draw(manifest: dict[str, Any]) -> None:
    """Without one, views.publish is refused: not_enabled."""
    assert manifest["features"]["app_home"]["home_tab_enabled"] is True


def test_buttons_and_shortcuts_work_because_interactivity_is_on(manifest: dict[str, Any]) -> None:
    assert manifest["settings"]["interactivity"]["is_enabled"] is True


def test_every_text_obeys_slacks_limits(manifest: dict[str, Any]) -> None:
    display, features = manifest["display_information"], manifest["features"]
    sizes = [
        (display["name"], 1, 35),
        (display["description"], 1, 140),
        (display["long_description"], 175, 4_000),
        (display["background_color"], 4, 7),
        (features["bot_user"]["display_name"], 1, 80),
    ]
    for command in features["slash_commands"]:
        sizes += [(command["command"], 2, 32), (command["description"], 1, 2_000), (command["usage_hint"], 1, 1_000)]
    for shortcut in features["shortcuts"]:
        sizes += [(shortcut["name"], 1, 24), (shortcut["callback_id"], 1, 255), (shortcut["description"], 1, 150)]
    assert [(text, least, most) for text, least, most in sizes if not least <= len(text) <= most] == []
    assert len(features["shortcuts"]) <= 10


def test_socket_mode_names_no_url() -> None:
    assert "url:" not in make_manifest().replace("--url", "")
    assert read()["settings"]["socket_mode_enabled"] is True


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
def test_http_names_the_address_of_commands_events_and_interactions(url: str) -> None:
    manifest = read(url)
    assert manifest["settings"]["socket_mode_enabled"] is False
    assert manifest["features"]["slash_commands"][0]["url"] == EVENTS_URL
    assert manifest["settings"]["event_subscriptions"]["request_url"] == EVENTS_URL
    assert manifest["settings"]["interactivity"]["request_url"] == EVENTS_URL


def test_both_manifests_differ_in_nothing_else() -> None:
    http = make_manifest(URL).replace("socket_mode_enabled: false", "socket_mode_enabled: true")
    lines = [line for line in http.splitlines() if EVENTS_URL not in line]
    assert lines == make_manifest().splitlines()
