"""What the image adds to its base, built by the Dockerfile's own steps in a folder, and measured: ``make size``."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.deploy.dockerfile import read_steps
from tests.deploy.files import ROOT

# "About 100 MB or less."
LARGEST_MB = 110

# What the bot needs that is compiled, and what it does with its database when it is first started.
TRYING = """
import asyncio, sys
import bot.app, bot.cli, httptools, psycopg, uvloop
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from bot.storage.migrate import migrate
from bot.storage.opening import open_database

async def start():
    database = open_database(f"sqlite:///{sys.argv[1]}/bot.db")
    await migrate(database)
    await database.close()

assert psycopg.pq.__impl__ == "binary"
asyncio.run(start())
"""


def build(folder: Path) -> None:
    """Takes the steps of the first stage; what it installs of the system must be here already."""
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys._base_executable)  # type: ignore[attr-defined]
    for step in [each for each in read_steps() if each.stage == 0]:
        if step.name == "COPY":
            source, target = step.text.split()
            _copy(ROOT / source, folder / source if target == "." else folder / target.lstrip("/"))
        elif step.name == "RUN" and not step.text.startswith("apt-get"):
            command = re.sub(r"(?<!\S)/(?=(venv|app|data)\b)", f"{folder}/", step.text)
            _run(["/bin/sh", "-ec", command], folder, {"PATH": f"{folder}/bin:/usr/bin:/bin"})


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("sandbox", "__pycache__"))
    else:
        shutil.copyfile(source, target)


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command}\n{done.stdout}\n{done.stderr}")


def megabytes(folder: Path) -> float:
    """How large its files are together, as an image's layers count them."""
    return sum(each.lstat().st_size for each in folder.rglob("*") if not each.is_dir()) / 1e6


def main() -> None:
    """Builds, tries out, measures, and ends with 1 if it is too large."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        venv, app = folder / "venv", folder / "app"
        _run([str(venv / "bin/python"), "-c", TRYING, name], folder, {"PYTHONPATH": str(app)})
        total = megabytes(venv) + megabytes(app)
        (packages,) = venv.glob("lib/python3*/site-packages")
        sizes = sorted(((megabytes(each), each.name) for each in packages.iterdir() if each.is_dir()), reverse=True)
        for size, package in [(total, "all"), (megabytes(app), "bot"), *sizes[:10]]:
            print(f"{size:6.1f} MB  {package}")
    if total > LARGEST_MB:
        sys.exit(f"The image adds more than {LARGEST_MB} MB to its base.")


if __name__ == "__main__":
    main()
