"""What the image adds to its base, built by the Dockerfile's own steps in a folder, and measured: ``make size``."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.deploy.dockerfile import read_steps
from tests.deploy.files import ROOT

LARGEST_MB = 100


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
            subprocess.run(
                ["/bin/sh", "-ec", command], cwd=folder, env={"PATH": f"{folder}/bin:/usr/bin:/bin"}, check=True
            )


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("sandbox", "__pycache__"))
    else:
        shutil.copyfile(source, target)


def megabytes(folder: Path) -> float:
    """How large its files are together, as an image's layers count them."""
    return sum(each.lstat().st_size for each in folder.rglob("*") if not each.is_dir()) / 1e6


def main() -> None:
    """Builds, tries out, measures, and ends with 1 if it is too large."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        venv = folder / "venv"
        trying = [str(venv / "bin/python"), "-m", "bot", "run", "--help"]
        subprocess.run(trying, env={"PYTHONPATH": str(folder / "app")}, check=True, stdout=subprocess.DEVNULL)
        total = megabytes(venv) + megabytes(folder / "app")
        (packages,) = venv.glob("lib/python3*/site-packages")
        sizes = sorted(((megabytes(each), each.name) for each in packages.iterdir() if each.is_dir()), reverse=True)
        for size, package in [(total, "all"), (megabytes(folder / "app"), "bot"), *sizes[:10]]:
            print(f"{size:6.1f} MB  {package}")
    if total > LARGEST_MB:
        sys.exit(f"The image adds more than {LARGEST_MB} MB to its base.")


if __name__ == "__main__":
    main()
