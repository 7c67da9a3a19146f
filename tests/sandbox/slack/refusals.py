"""What the sandbox's Slack says no with, as slack_sdk's own client hears it."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

Json = dict[str, Any]


async def refusal(call: Any) -> Json:
    with pytest.raises(SlackApiError) as caught:
        await call
    answer = caught.value.response.data
    assert isinstance(answer, dict)
    return answer


async def error(call: Any) -> str:
    return str((await refusal(call))["error"])
