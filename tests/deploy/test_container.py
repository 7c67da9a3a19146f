"""The bot as its image runs it, in namespaces of its own: process 1, without rights, on a disk that is read-only."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.sandbox import company
from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import NOT_INHERITED, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from tests.deploy.files import ROOT, STOPPING_SECONDS
from tests.e2e.world import MIRA, READY_SECONDS

# A folder that stays writable, as the image's volume does; then a command.
_CONTAIN = """
set -e
mount --bind "$0" "$0"
mount -t proc proc /proc
mount -o remount,bind,ro /
test ! -w /tmp || mount -o remount,bind,ro /tmp
exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""


def contained(data: Path, *command: str) -> list[str]:
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _CONTAIN, str(data), *command]


def process_1_in(unshare: int) -> int:
    """The id by which the rest of the machine knows the first process of the namespace that ``unshare`` made."""
    (child,) = Path(f"/proc/{unshare}/task/{unshare}/children").read_text().split()
    return int(child)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder that stays writable; skips the test where nobody may make namespaces."""
    words = 'echo $$; touch "$0/in" && ! touch "$1/out" 2>/dev/null && echo contained'
    folder = tmp_path / "data"
    folder.mkdir()
    try:
        done = subprocess.run(
            contained(folder, "sh", "-c", words, str(folder), str(tmp_path)),
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("unshare isn't here")
    if done.stdout.split() != ["1", "contained"]:
        pytest.skip("nobody may make namespaces here")
    return folder


async def test_it_needs_no_rights_and_nothing_writable_but_its_volume_and_stops_as_process_1(data: Path) -> None:
    clock = SandboxClock()
    async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock, rates=False) as slack:
        # Nobody counts which lines it runs: that would be written to the disk.
        unwanted = (*NOT_INHERITED, "COVERAGE_")
        given = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
        given |= bot_environment(slack=slack, samora=samora) | {"DATABASE_URL": f"sqlite:///{data}/samora-bot.db"}
        given |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        process = await asyncio.create_subprocess_exec(
            *contained(data, sys.executable, "-m", "bot", "run"), env=given, cwd="/", stderr=asyncio.subprocess.PIPE
        )
        assert process.stderr
        saying = asyncio.create_task(process.stderr.read())
        try:
            await slack.wait_for_connection(within=READY_SECONDS)
            await slack.command(MIRA, f"subscribe {company.FINISHED}")
            await slack.wait_for(lambda: slack.find_message("Finished"))
            os.kill(process_1_in(process.pid), signal.SIGTERM)
            code = await asyncio.wait_for(process.wait(), STOPPING_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
        said = (await saying).decode()
    assert code == 0, said
    assert (data / "samora-bot.db").stat().st_size
    assert "Traceback" not in said, said
    assert "store_unavailable" not in said, said
