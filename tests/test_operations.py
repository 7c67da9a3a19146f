"""What is handed to those who run the bot fits to what the bot tells: the dashboard, the alerts, and the guide."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.health import Health

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs/operations.md").read_text()
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
BOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/samora-bot.json").read_text())
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]

_WORDS = re.compile(r"\b(?:samora_bot|process)_\w+")
_MATCHERS = re.compile(r"\b((?:samora_bot|process)_\w+)\{([^}]*)\}")
_GROUPS = re.compile(r"\bby \(([^)]*)\)")
_PARTS = ("_bucket", "_count", "_sum", "_total", "")

# Labels that Prometheus adds, or that are a histogram's own.
_OTHERS = {"job", "instance", "le"}


def _collectors() -> dict[str, Any]:
    """What the bot tells, by the names of it."""
    health = Health(
        clock=lambda: datetime.now(UTC), is_slack_known=lambda: True, is_socket_connected=lambda: True, count_work=int
    )
    found = {each._name: each for each in health._meters.registry._collector_to_names if hasattr(each, "_name")}
    assert len(found) > 20
    return found


METRICS = _collectors()


def _expressions() -> Iterator[tuple[str, str]]:
    for rule in ALERTS["groups"][0]["rules"]:
        yield rule["alert"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


@pytest.mark.parametrize(("where", "expression"), list(_expressions()))
def test_what_is_asked_of_prometheus_is_told(where: str, expression: str) -> None:
    words = _WORDS.findall(expression)
    assert words, where
    for word in words:
        assert word.startswith("process_") or _name_of(word) in METRICS, f"{where} asks for {word}, which nobody tells"


@pytest.mark.parametrize(("where", "expression"), list(_expressions()))
def test_by_labels_that_it_has(where: str, expression: str) -> None:
    names = {_name_of(word) for word in _WORDS.findall(expression) if word.startswith("samora_bot_")}
    known = _OTHERS.union(*(_labels_of(name) for name in names))
    for word, matchers in _MATCHERS.findall(expression):
        wanted = {each.split("=")[0].strip("!~ ") for each in matchers.split(",")}
        own = _labels_of(_name_of(word)) if word.startswith("samora_bot_") else set()
        assert wanted <= own | _OTHERS, f"{where}: {word} has no {wanted}"
    for group in _GROUPS.findall(expression):
        assert {each.strip() for each in group.split(",")} <= known, f"{where}: by {group}"


def test_the_panels_of_the_dashboard_lie_side_by_side() -> None:
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids)
    for one, other in combinations((panel["gridPos"] for panel in BOARD["panels"]), 2):
        is_beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        is_below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert is_beside or is_below, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in BOARD["panels"])


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    rules = ALERTS["groups"][0]["rules"]
    assert len(rules) >= 10
    for rule in rules:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert all(rule["annotations"][part].endswith(".") for part in ("summary", "description"))
        assert f"`{rule['alert']}`" in GUIDE


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here: it comes with Prometheus")
@pytest.mark.parametrize(
    "order", [["check", "rules", "deploy/prometheus/alerts.yml"], ["test", "rules", "tests/alerts.test.yml"]]
)
def test_prometheus_itself_finds_the_alerts_right(order: list[str]) -> None:
    done = subprocess.run(["promtool", *order], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_guide_lists_every_metric_with_its_labels_and_what_it_is() -> None:
    rows = re.findall(r"^\| `(samora_bot_\w+)` \| (.*?) \| (.*?) \|$", GUIDE, re.MULTILINE)
    told = {name: (labels, text) for name, labels, text in rows}
    assert told == {
        _shown(metric): (", ".join(f"`{each}`" for each in metric._labelnames), metric._documentation)
        for metric in METRICS.values()
    }


def _shown(metric: Any) -> str:
    return f"{metric._name}_total" if metric._type == "counter" else str(metric._name)


def _name_of(word: str) -> str:
    return next((word.removesuffix(part) for part in _PARTS if word.removesuffix(part) in METRICS), word)


def _labels_of(name: str) -> set[str]:
    return set(METRICS[name]._labelnames)
