"""What a release carries: the sandbox's page as it was built, and nothing that it was built from."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of the files in a wheel made from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=110)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_a_wheel_carries_the_built_page_and_not_its_sources(names: list[str]) -> None:
    page = {name.removeprefix("bot/sandbox/page/") for name in names if name.startswith("bot/sandbox/page/")}
    assert "dist/index.html" in page
    assert {Path(name).suffix for name in page if name.startswith("dist/assets/")} >= {".js", ".css"}
    assert [name for name in page if not name.startswith("dist/")] == []


def test_a_wheel_carries_the_bot_and_not_its_tests(names: list[str]) -> None:
    assert {"bot/cli.py", "bot/py.typed", "bot/storage/migrations/script.py.mako"} <= set(names)
    assert [name for name in names if name.startswith("tests/") or "node_modules" in name] == []


def test_an_image_carries_nothing_of_the_sandbox() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    assert "bot/sandbox" in ignored[ignored.index("!bot") :]
