"""The sandbox's bot lives by the sandbox's settings: those of a real bot in the same environment stay out."""

import pytest

from bot.sandbox.process import NOT_INHERITED
from bot.settings import Settings


@pytest.mark.parametrize("name", Settings.model_fields)
def test_no_setting_of_a_real_bot_gets_in(name: str) -> None:
    assert name.upper().startswith(NOT_INHERITED)
