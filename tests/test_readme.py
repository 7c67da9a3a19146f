"""What the README shows is true."""

import ast
import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from bot.cli import app
from bot.settings import HttpSettings, SocketSettings
from bot.slack import work
from bot.slack.grammar import SUBCOMMANDS
from bot.slack.manifest import NEEDED_SCOPES, OPTIONAL_SCOPES
from bot.storage.schema import metadata
from tests.bench.table import ROWS
from tests.soak.day import BUSY_DAY
from tests.soak.growth import TOLERANCES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
FAILURES = (ROOT / "docs" / "failures.md").read_text(encoding="utf-8")


def table_under(heading: str, document: str = README) -> list[list[str]]:
    """The rows of the first table under a heading, without its head."""
    part = document.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[2:]]


def test_the_settings_table_is_the_settings() -> None:
    shown = {name.strip("`"): (default.strip("`"), text) for name, default, text in table_under("Settings")}
    fields = {**SocketSettings.model_fields, **HttpSettings.model_fields}
    assert set(shown) == {name.upper() for name in fields}
    for name, field in fields.items():
        default, text = shown[name.upper()]
        assert text == field.description, name
        if name in {"slack_bot_token", "samora_api_key"}:
            assert default == "needed"
        elif name in {"slack_app_token", "slack_signing_secret", "port"} or field.default in ((), None):
            assert default == "none"
        else:
            shown_default = field.default
            if isinstance(shown_default, SecretStr):
                shown_default = shown_default.get_secret_value()
            assert default == str(shown_default), name


def test_every_command_and_option_of_the_terminal_is_shown_and_exists() -> None:
    shown = {re.match(r"`samora-bot (\w+)", row[0]).group(1): row[0] for row in table_under("In the terminal")}  # type: ignore[union-attr]
    listed = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert set(shown) == listed
    for name, usage in shown.items():
        text = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
        for option in re.findall(r"--[a-z]+", usage):
            assert option in text, (name, option)


def test_every_subcommand_is_shown() -> None:
    for subcommand in SUBCOMMANDS:
        assert subcommand in README.split("## In Slack")[1].split("## In the terminal")[0]


def test_the_bounds_on_work_are_the_codes() -> None:
    assert f"{work._AT_ONCE} answers at a time, {work._WAITING:,} wait" in FAILURES
    assert f"More than {work._FLOOD} requests within a second" in FAILURES


def test_the_scopes_are_the_manifests() -> None:
    text = README.replace("\n", " ")
    needed = re.search(r"It needs the scopes (.+?), and no others", text)
    optional = re.search(r"Six more are optional(.+?)\*\*", text)
    assert needed
    assert optional
    assert set(re.findall(r"`([^`]+)`", needed.group(1))) == set(NEEDED_SCOPES)
    assert set(re.findall(r"`(\w+:\w+)`", optional.group(1))) == set(OPTIONAL_SCOPES)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)h][^)]*)\)|src=\"([^\"]+)\"", README))))
def test_links_lead_somewhere(link: tuple[str, str]) -> None:
    assert (ROOT / (link[0] or link[1])).exists()


@pytest.mark.parametrize("document", sorted(ROOT.glob("docs/*.md")), ids=lambda each: each.name)
def test_links_between_the_documents_lead_somewhere(document: Path) -> None:
    assert f"docs/{document.name}" in README, "nobody finds it"
    for link in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
        name, _, heading = link.partition("#")
        there = document.parent / name
        assert there.exists(), link
        lines = there.read_text(encoding="utf-8").splitlines() if heading else []
        headings = [line.lstrip("# ").lower().replace(" ", "-") for line in lines if line.startswith("#")]
        assert not heading or heading in headings, link


def test_what_people_are_said_to_read_is_what_they_are_told() -> None:
    sources = [*(ROOT / "bot" / "slack").rglob("*.py"), *(ROOT / "bot" / "core").rglob("*.py")]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))]
    told = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    quoted = re.findall(r'"([^"]+)"', FAILURES + README.split("## When things fail")[1].split("\n## ")[0])
    assert len(quoted) >= 10
    for part in [
        part for quote in quoted for part in re.split(r"[0-9]+(?: times| seconds)?|\.", " ".join(quote.split()))
    ]:
        # What a sentence begins with depends on the error, and this is the rest of it.
        assert any(part.removesuffix(" right now").strip() in each for each in told), part


def test_the_tests_that_promises_name_exist() -> None:
    named = {
        name for row in table_under("What is promised", SECURITY) for name in re.findall(r"`(tests/[^`]+)`", row[2])
    }
    assert len(named) >= 15
    for name in named:
        assert (ROOT / name).exists(), name


def test_the_data_table_is_the_schema() -> None:
    part = README.split("\n### What is kept\n", 1)[1].split("\n### ", 1)[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in part.splitlines() if line.startswith("| ")][1:]
    assert sorted(re.findall(r"table `(\w+)`", " ".join(row[1] for row in rows))) == sorted(metadata.tables)
    for what, where, how_long, why in rows:
        assert where == "nowhere" or all((what, how_long, why)), what
    named = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row[2])}
    assert named == {"RETENTION_DAYS", "AUDIT_DAYS"} <= {name.upper() for name in HttpSettings.model_fields}
    acts = " ".join(row[0] for row in rows if "table `audit`" in row[1])
    for word in ("recording", "transcript", "variables", "shared", "followed", "paused", "resumed", "ended", "options"):
        assert word in acts


def test_the_proofs_that_the_threat_model_names_exist() -> None:
    model = SECURITY.split("## The threat model", 1)[1]
    rows = [line for line in model.splitlines() if line.startswith("| ") and not line.startswith("| asset")]
    assert len(rows) >= 20
    for row in rows:
        named = re.findall(r"`((?:tests/|Dockerfile)[^`]*)`", row.rstrip("| ").rpartition("|")[2])
        assert named, row
        for name in named:
            assert (ROOT / name).exists(), name


def test_the_two_commands_are_targets() -> None:
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert f"\n{target}:" in targets


@pytest.mark.parametrize("picture", sorted(re.findall(r"(?:src|srcset)=\"([^\"]+\.png)\"", README)))
def test_pictures_are_real_and_of_a_sensible_size(picture: str) -> None:
    written = (ROOT / picture).read_bytes()
    assert written.startswith(b"\x89PNG")
    assert 20_000 < len(written) < 400_000


def test_the_example_of_an_env_file_names_settings_only() -> None:
    named = re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    fields = {name.upper() for name in {**SocketSettings.model_fields, **HttpSettings.model_fields}}
    assert set(named) <= fields
    assert {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SAMORA_API_KEY"} <= set(named)


def test_the_table_of_speed_is_the_benchs() -> None:
    shown = table_under("How quick it is")
    assert [(what, beside) for what, beside, *_ in shown] == [(row.what, row.beside) for row in ROWS]
    assert [goal.removesuffix(": **missed**") for *_, goal in shown] == [row.goal for row in ROWS]
    for what, _beside, *figures, _goal in shown:
        assert re.match(r"[0-9]", figures[0]), f"nothing was measured: {what}"


def test_the_table_of_the_soak_is_of_what_it_looks_at() -> None:
    text = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1].strip() for row in text.split("## Soak")[1].splitlines() if row.startswith("| ")]
    assert rows[-len(TOLERANCES) :] == list(TOLERANCES)
    for what, count in BUSY_DAY.items():
        assert f"{count:,} {what}" in " ".join(text.split())
