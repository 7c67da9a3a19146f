"""The seal: what buttons and modals bring back to us proves that we wrote it, for that workspace and that use.

Slack keeps a button's ``value`` and a modal's ``private_metadata`` for us. Each leaves with a proof behind it, and is
read only with that proof: an HMAC (SHA-256, 96 bits of it) over the workspace, the button or modal, and the text. The
options of inputs carry none: whoever chooses one could as well type it.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

from bot.slack.payloads import SEAL_MARK, Payload, text_at

_LABEL = b"samora-bot: the values of buttons and modals, 1"
_PROOF_BYTES = 12

# Most of what leaves are texts in dicts, and each answer goes through here.
_MANY = (list, tuple)
_NESTED = (dict, list, tuple)


class BrokenSeal(Exception):
    """Something came back that we did not write, or wrote for another use."""


class Seal:
    """Seals what goes to Slack, and breaks the seal of what comes from there."""

    def __init__(self, *, secret: str, team_id: Callable[[], str]) -> None:
        """Takes what only we and Slack know, and who knows our workspace's id.

        Args:
            secret: the signing secret; in Socket Mode, which needs none, the app-level token will do. With another
                one, the buttons of old cards can't be read any more.
            team_id: called when something is sent.
        """
        self._key = hmac.digest(secret.encode(), _LABEL, "sha256")
        self._team_id = team_id

    def seal(self, part: Any) -> Any:
        """A copy of blocks, or of a view, with the value of each button and the view's metadata sealed."""
        if isinstance(part, _MANY):
            return [self.seal(inner) for inner in part]
        if not isinstance(part, dict):
            return part
        sealed = {name: self.seal(inner) if isinstance(inner, _NESTED) else inner for name, inner in part.items()}
        if part.get("type") == "button" and part.get("value"):
            sealed["value"] += SEAL_MARK + self._proof(_use_of_action(part), self._team_id(), part["value"])
        if part.get("private_metadata"):
            proof = self._proof(_use_of_view(part), self._team_id(), part["private_metadata"])
            sealed["private_metadata"] += SEAL_MARK + proof
        return sealed

    def unseal(self, payload: Payload) -> Payload:
        """A copy of a payload with the values that were sealed, which Slack says is for that workspace.

        Raises:
            BrokenSeal: one of them isn't ours.
        """
        # As in place_of_interaction: which workspace it is that the bot is in.
        team_id = text_at(payload, "view", "app_installed_team_id") or text_at(payload, "team", "id")
        return _with_values(payload, lambda use, text: self._open(use, team_id, text))

    def _open(self, use: str, team_id: str, sealed: object) -> str:
        text, _, proof = sealed.rpartition(SEAL_MARK) if isinstance(sealed, str) else ("", "", "")
        if not hmac.compare_digest(proof.encode(errors="replace"), self._proof(use, team_id, text).encode()):
            raise BrokenSeal
        return text

    def _proof(self, use: str, team_id: str, text: str) -> str:
        proof = hmac.digest(self._key, json.dumps([use, team_id, text]).encode(), "sha256")
        return urlsafe_b64encode(proof[:_PROOF_BYTES]).decode()


def without_values(payload: Payload) -> Payload:
    """A copy of a payload without anything that would have been sealed: nobody can read that."""
    return _with_values(payload, lambda _use, _text: "")


def _with_values(payload: Payload, change: Callable[[str, object], str]) -> Payload:
    """A copy with other values of what was pressed, and other metadata; what is empty stays so."""
    changed = dict(payload)
    actions, view = payload.get("actions"), payload.get("view")
    if isinstance(actions, list):
        changed["actions"] = [_with_field(action, "value", _use_of_action, change) for action in actions]
    if isinstance(view, dict):
        changed["view"] = _with_field(view, "private_metadata", _use_of_view, change)
    return changed


def _with_field(
    part: object, field: str, use_of: Callable[[Payload], str], change: Callable[[str, object], str]
) -> object:
    return part | {field: change(use_of(part), part[field])} if isinstance(part, dict) and part.get(field) else part


def _use_of_action(part: Payload) -> str:
    return f"button {text_at(part, 'action_id')}"


def _use_of_view(part: Payload) -> str:
    return f"view {text_at(part, 'callback_id')}"
