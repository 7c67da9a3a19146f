"""Samora: whether it answers, and knows our key."""

from functools import partial

from bot.check.engine import Check, timed
from bot.core.calls import CallId
from bot.core.errors import CallNotFound, SamoraRefused
from bot.core.findings import Finding, State
from bot.core.lookup import Lookup

# No call has it, so that Samora's "no such call" proves that it knows the key.
_NOBODYS_ID = CallId("00000000-0000-0000-0000-000000000000")

_UNREACHABLE = (
    "Is Samora up? Is this machine allowed to connect to SAMORA_API_URL, does it need a proxy (HTTPS_PROXY), "
    "is the address right? What is followed is looked at again by itself."
)


def samora_check(lookup: Lookup) -> Check:
    """Asks for a call that nobody has: then Samora says that there is none, if it accepts the key."""
    return Check(name="Samora", look=partial(_look, lookup), advice=_UNREACHABLE)


async def _look(lookup: Lookup) -> list[Finding]:
    try:
        _none, spent = await timed(_ask(lookup))
    except SamoraRefused as refusal:
        advice = (
            "Samora doesn't accept SAMORA_API_KEY. Copy it anew from your organisation's settings at app.samora.ai."
        )
        return [Finding(name="Samora", state=State.BROKEN, detail=refusal.reason, advice=advice)]
    return [Finding(name="Samora", state=State.FINE, detail=f"answers and accepts the key, {spent}")]


async def _ask(lookup: Lookup) -> None:
    try:
        await lookup.call(_NOBODYS_ID)
    except CallNotFound:
        return
    except SamoraRefused as refusal:
        # The key is checked before the id, so whoever dislikes the id has accepted the key.
        if refusal.reason != "HTTP 400":
            raise
