"""What the Slack CLI asks of this project, so that `slack run` works in it: its hooks, the manifest, and a bot.

The contract: docs.slack.dev/tools/slack-cli/reference/hooks. Answers are JSON on standard output. The CLI adds flags of
its own, which are for other protocols than this, its default one.
"""

import json
import os
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def get_hooks() -> None:
    """Which hooks there are. Whatever Python the CLI finds, they run in the environment that `make` made."""
    made = ROOT / ".venv" / "bin" / "python"
    command = shlex.join([str(made if made.exists() else sys.executable), str(Path(__file__).resolve())])
    watch = {
        "app": {"filter-regex": "\\.py$", "paths": ["bot"]},
        "manifest": {"paths": ["bot/slack/manifest.py"]},
    }
    hooks = {
        "runtime": "python",
        "hooks": {"get-manifest": f"{command} get-manifest", "start": f"{command} start"},
        "config": {"protocol-version": ["default"], "sdk-managed-connection-enabled": True, "watch": watch},
    }
    sys.stdout.write(json.dumps(hooks))


def get_manifest() -> None:
    """The manifest that the CLI installs: the one for Socket Mode."""
    import yaml

    from bot.slack.manifest import make_manifest

    sys.stdout.write(json.dumps(yaml.safe_load(make_manifest())))


def start() -> None:
    """Becomes a bot of the app that the CLI has installed, whatever app .env is for; it has the rest from there."""
    for name, given in (("SLACK_BOT_TOKEN", "SLACK_CLI_XOXB"), ("SLACK_APP_TOKEN", "SLACK_CLI_XAPP")):
        if token := os.environ.get(given):
            os.environ[name] = token
    os.environ["PYTHONPATH"] = str(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "bot", "run", "--mode", "socket"])  # noqa: S606


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    {"get-hooks": get_hooks, "get-manifest": get_manifest, "start": start}[sys.argv[1]]()
