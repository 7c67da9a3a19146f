"""deploy/systemd: judged by systemd, where it is, and what it promises."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.cli import WRONG
from tests.deploy.files import ROOT, SECRETS, SETTINGS, STOPPING_SECONDS

TEXT = (ROOT / "deploy/systemd/samora-bot.service").read_text()
UNIT = dict(re.findall(r"^(\w+)=(.*)$", TEXT, re.MULTILINE))

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze isn't here")


def analyze(folder: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Where the bot is installed there, it isn't here.
    unit = folder / "samora-bot.service"
    unit.write_text(text.replace("/opt/samora-bot/bin/samora-bot", "/bin/true"))
    return subprocess.run(["systemd-analyze", *arguments, str(unit)], capture_output=True, text=True, check=False)


@needs_systemd
def test_systemd_understands_all_of_it(tmp_path: Path) -> None:
    done = analyze(tmp_path, TEXT, "verify", "--man=no")
    assert done.returncode == 0, done.stderr
    assert "samora-bot" not in done.stderr
    assert "samora-bot" in analyze(tmp_path, TEXT.replace("UMask", "UMaks"), "verify", "--man=no").stderr


@needs_systemd
def test_systemd_finds_it_little_exposed(tmp_path: Path) -> None:
    judging = ("security", "--offline=true", "--threshold=15")
    assert analyze(tmp_path, TEXT, *judging).returncode == 0
    lax = re.sub(r"^(Protect|Private|Restrict|SystemCall|Capability)\w+=.*\n", "", TEXT, flags=re.MULTILINE)
    assert analyze(tmp_path, lax, *judging).returncode != 0


def test_what_it_sets_is_settings_without_secrets() -> None:
    given = dict(pair.split("=", 1) for pair in shlex.split(UNIT["Environment"]))
    names = {name for name in given if not name.startswith("PYTHON")}
    assert names <= SETTINGS
    assert names & SECRETS == {"DATABASE_URL"}
    assert given["DATABASE_URL"] == f"sqlite:////var/lib/{UNIT['StateDirectory']}/samora-bot.db"
    assert UNIT["EnvironmentFile"].startswith("/etc/")


def test_it_is_given_the_time_that_it_needs_to_stop_and_is_not_started_with_wrong_settings_again() -> None:
    assert int(UNIT["TimeoutStopSec"]) > STOPPING_SECONDS
    assert UNIT["RestartPreventExitStatus"] == str(WRONG)


def test_prometheus_is_told_of_the_process() -> None:
    assert "ProcSubset" not in UNIT, "prometheus_client reads /proc/stat, and is silent without it"


def test_what_it_says_to_do_names_files_that_are_there() -> None:
    named = re.findall(r"(?<=\s)(deploy/\S+|requirements\.lock)(?=\s)", TEXT)
    assert set(named) == {"deploy/systemd/samora-bot.service", "requirements.lock"}
    assert all((ROOT / name).exists() for name in named)
