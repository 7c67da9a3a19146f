"""The house rules, as tests: sizes, directions, and what no committed file may hold."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "bot").rglob("*.py"))

NOT_NAMES = {"manager", "helper", "helpers", "util", "utils", "common", "misc", "base", "data", "info", "handle"}


def committed() -> Iterator[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so nobody can say what is committed")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    yield from (ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file())


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_holds_one_idea(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert text.count("\n") <= 300
    assert source.stem not in NOT_NAMES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, f"{node.name} is longer than 50 lines"


def test_functions_are_short() -> None:
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[len(lengths) // 2] <= 10
    assert lengths[len(lengths) * 95 // 100] <= 30


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_leans_on_what_early_releases_of_python_3_11_get_wrong(source: Path) -> None:
    """Possessive groups may find nothing (gh-106052); what is raised in an ``except*`` comes wrapped (gh-103590)."""
    text = source.read_text(encoding="utf-8")
    assert not re.search(r"\)(?:[*+?]|\{+[0-9,]+\}+)\+(?!,)", text)
    assert not any(isinstance(node, ast.TryStar) for node in ast.walk(ast.parse(text)))


def test_listeners_are_thin() -> None:
    for source in (ROOT / "bot" / "slack" / "listeners").glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("on_"):
                statements = {inner.lineno for inner in ast.walk(node) if isinstance(inner, ast.stmt)}
                assert len(statements) <= 20, f"{source.name}: {node.name}"


def test_nothing_happens_at_import() -> None:
    """No entry into the heavy rooms, no set-up of logging, no reading of the environment."""
    assert imported_with("bot, bot.core.calls", ("httpx", "slack_sdk", "rich", "structlog")) == "[]"


def test_running_the_bot_imports_nothing_of_the_sandbox() -> None:
    assert imported_with("bot.cli, bot.app", ("bot.sandbox", "bot.tour", "fpdf")) == "[]"


def imported_with(modules: str, names: tuple[str, ...]) -> str:
    code = f"import sys, {modules}; print([name for name in sys.modules if name.startswith({names!r})])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_imports_go_one_way() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_no_committed_file_names_a_registry_or_a_machines_folder() -> None:
    registry = re.compile(r"(pypi|npmjs|pythonhosted)\.(org|com)|--(extra-)?index-url \S|\"resolved\": *\"http")
    folder = re.compile(r"(?<![\w.])/(work|root|home/[a-z]+)/")
    for path in committed():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path != Path(__file__):
            assert not registry.search(text), path
            assert not folder.search(text), path


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_a_version_and_a_hash(lock: str) -> None:
    entries = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    packages = [line for line in entries if line.strip() and not line.startswith("#")]
    assert len(packages) > 30
    for line in packages:
        assert re.match(r"[A-Za-z0-9._-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line


def test_no_secret_shaped_text_is_committed() -> None:
    """Slack's real tokens have digits in three groups; the ones in our tests must not look like that."""
    token = re.compile(r"xox[bap]-\d{9,}-\d{9,}-\w+|xapp-\d-A\w{8,}-\d{9,}-\w{20,}|AKIA[0-9A-Z]{16}")
    for path in committed():
        try:
            assert not token.search(path.read_text(encoding="utf-8")), path
        except UnicodeDecodeError:
            continue
