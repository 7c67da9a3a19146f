"""What the sandbox's Slack reads in an app's manifest: the commands and shortcuts that it offers to people.

Format: docs.slack.dev/reference/app-manifest.
"""

from typing import Literal

import yaml
from pydantic import BaseModel, Field


class Command(BaseModel):
    """A slash command, with what the composer says of it."""

    command: str
    description: str
    usage_hint: str = ""


class Shortcut(BaseModel):
    """A shortcut: on messages, or anywhere."""

    name: str
    type: Literal["message", "global"]
    callback_id: str
    description: str


class Features(BaseModel):
    """All that people may call."""

    commands: list[Command] = Field(default=[], alias="slash_commands")
    shortcuts: list[Shortcut] = []


class _Manifest(BaseModel):
    features: Features


def read_features(manifest: str) -> Features:
    """The commands and shortcuts of a manifest in YAML.

    Raises:
        ValueError: it is no manifest.
    """
    return _Manifest.model_validate(yaml.safe_load(manifest)).features
