"""The Dockerfile, read."""

import re
from dataclasses import dataclass

from tests.deploy.files import ROOT


@dataclass(frozen=True)
class Step:
    """One instruction, in one line; ``stage`` counts from 0."""

    name: str
    text: str
    stage: int


def read_steps() -> list[Step]:
    """The Dockerfile's instructions, in order."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    steps: list[Step] = []
    for line in filter(str.strip, joined.splitlines()):
        name, _, text = line.partition(" ")
        stage = sum(step.name == "FROM" for step in steps) - (name != "FROM")
        steps.append(Step(name, text, stage))
    return steps
