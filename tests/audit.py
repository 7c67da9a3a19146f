"""``make audit``: asks whether a vulnerability is known of anything that is locked, and never passes over a silence.

Exit codes: 0 nothing is known, or nobody could be asked (which is printed); 1 something is known.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")


def main() -> int:
    return max(audit(lock) for lock in LOCKS)


def audit(lock: str) -> int:
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--format", "json"]
    done = subprocess.run([*command, "-r", lock], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"{lock}: NOT AUDITED, pip-audit could not ask: {(done.stderr.splitlines() or ['no answer'])[-1][:120]}")
        return 0
    lines, code = verdict(lock, packages)
    print("\n".join(lines))
    return code


def verdict(lock: str, packages: Sequence[dict[str, Any]]) -> tuple[list[str], int]:
    """What to say of pip-audit's answer, and the exit code. A package that it skipped was not audited."""
    known = [
        f"{lock}: {each['name']} {each['version']} has {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or '—'}"
        for each in packages
        for flaw in each.get("vulns", ())
    ]
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    if skipped:
        known.append(f"{lock}: NOT AUDITED, as nobody could be asked: {len(skipped)} of {len(packages)} packages")
    elif not known:
        return [f"{lock}: no vulnerability is known of {len(packages)} packages"], 0
    return known, int(len(known) > bool(skipped))


if __name__ == "__main__":
    sys.exit(main())
