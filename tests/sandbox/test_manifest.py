"""What the sandbox's Slack reads in a manifest."""

import pytest

from bot.sandbox.manifest import read_features
from bot.slack.manifest import make_manifest


def test_the_bots_own_manifest_offers_its_command_and_its_shortcuts() -> None:
    features = read_features(make_manifest())
    assert [command.command for command in features.commands] == ["/samora-call"]
    assert "subscribe" in features.commands[0].usage_hint
    assert [(each.callback_id, each.type) for each in features.shortcuts] == [
        ("show_call", "message"),
        ("follow_call", "message"),
        ("find_call", "global"),
    ]


def test_an_app_may_offer_nothing() -> None:
    assert read_features("features: {}").commands == []


@pytest.mark.parametrize("manifest", ["", "features: 1", "features: {shortcuts: [{type: lunar}]}", "[]"])
def test_what_is_no_manifest_is_refused(manifest: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        read_features(manifest)
