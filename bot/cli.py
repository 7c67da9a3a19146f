"""The command ``samora-bot``. The only place with an event loop's beginning and a process's exit code.

Exit codes: 0 done, 1 it did not work, 2 wrong settings or arguments. Heavy imports live in the commands that use them.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, TypeVar

import typer
from pydantic import SecretStr

from bot import __version__
from bot.core.calls import EXAMPLE_ID, CallId, find_call_ids
from bot.core.errors import UserMistake
from bot.lean import import_lean, settle
from bot.settings import (
    DatabaseSettings,
    LogSettings,
    Mode,
    SamoraSettings,
    Settings,
    SettingsError,
    load,
    load_settings,
)
from bot.stopping import stop_on_signals, until_stopped

if TYPE_CHECKING:
    from bot.storage.store import Store
    from bot.terminal.call import Form

_PUBLIC_ADDRESS = re.compile(r"https://[\w.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")

FAILED, WRONG = 1, 2
Result = TypeVar("Result")

app = typer.Typer(
    name="samora-bot",
    help="Samora for Slack: look up, share and follow Samora AI phone calls.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """The entry point."""
    for stream in (sys.stdout, sys.stderr):
        # A pipe that knows no "…" gets a question mark, not a traceback.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


@app.command()
def run(
    mode: Annotated[Mode, typer.Option(help="auto: socket if SLACK_APP_TOKEN is set, else http.")] = "auto",
) -> None:
    """Run the bot until SIGTERM or Ctrl-C."""
    settings = _read(lambda: load_settings(mode))
    import_lean("bot.log", "bot.app")
    _set_up_logging(settings)
    _run_to_the_end(_run_bot(settings))


async def _run_bot(settings: Settings) -> None:
    from bot.app import open_bot
    from bot.server import CannotStart

    stopped = stop_on_signals()
    try:
        async with AsyncExitStack() as stack:
            # Whoever waits for a database, or migrates a large one, may be stopped, too.
            bot = await until_stopped(stack.enter_async_context(open_bot(settings)), stopped)
            if bot:
                settle()
                await bot.run(stopped)
    except CannotStart as error:
        _fail(str(error))


@app.command()
def call(
    call_id: Annotated[str, typer.Argument(metavar="ID", help="The call's id; it may stand in a link.")],
    as_json: Annotated[bool, typer.Option("--json", help="The call's data, fresh links included.")] = False,
    as_blocks: Annotated[bool, typer.Option("--blocks", help="The Block Kit JSON that would be posted.")] = False,
    builder: Annotated[bool, typer.Option("--builder", help="A link that opens it in the Block Kit Builder.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every 5 seconds until the call is over.")] = False,
) -> None:
    """Show a call in the terminal."""
    if as_json + as_blocks + builder + watch > 1:
        _fail("Choose one of --json, --blocks, --builder and --watch.", code=WRONG)
    found = find_call_ids(call_id)
    if len(found) > 1:
        _fail(f"I found {len(found)} call ids. Name one of them.", code=WRONG)
    if not found:
        _fail(f"That isn't a call id. A call id looks like {EXAMPLE_ID}.", code=WRONG)
    form: Form = "json" if as_json else "blocks" if as_blocks else "builder" if builder else "card"
    settings = _read(lambda: load(SamoraSettings))
    _set_up_logging(settings, level="ERROR")
    _run_to_the_end(_call(settings, found[0], form=form, watch=watch))


async def _call(settings: SamoraSettings, call_id: CallId, *, form: "Form", watch: bool) -> None:
    from bot.asking import open_lookup
    from bot.core.errors import BotError
    from bot.slack.sentences import error_message
    from bot.terminal.call import show_call, watch_call
    from bot.terminal.drawing import draw_mrkdwn

    async with open_lookup(settings) as lookup:
        try:
            if watch:
                await watch_call(lookup, call_id, stopped=stop_on_signals())
            else:
                await show_call(lookup, call_id, form=form)
        except BotError as error:
            _fail(draw_mrkdwn(error_message(error, call_id=call_id, again="").text).plain)


@app.command()
def check() -> None:
    """Check settings, Slack and Samora: what works, why not, and what to do."""
    from bot.app import check_everything
    from bot.core.findings import State
    from bot.terminal.findings import draw_findings

    settings = _read(load_settings)
    _set_up_logging(settings, level="ERROR")
    findings = _run_to_the_end(check_everything(settings))
    draw_findings(findings)
    if any(finding.state is State.BROKEN for finding in findings):
        raise typer.Exit(FAILED)


@app.command()
def audit(
    call_id: Annotated[str, typer.Option("--call", metavar="ID", help="What concerns that call.")] = "",
    user_id: Annotated[str, typer.Option("--user", metavar="ID", help="What that person did: U…")] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="7d (days), 2026-11-01, or a time; UTC.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The newest so many.")] = 200,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, for a file.")] = False,
) -> None:
    """Show who was handed, shared or changed what."""
    from bot.terminal.audit import Wish, show_acts

    now = datetime.now(UTC)
    wish = _read(lambda: Wish.read(call=call_id, user=user_id, since=since, limit=limit, now=now))
    _with_store(lambda store: show_acts(store.audit, wish, as_csv=as_csv))


@app.command()
def forget(
    named: Annotated[str, typer.Argument(metavar="CALL-OR-USER-ID", help="A call's id, or a person's: U…")],
    yes: Annotated[bool, typer.Option("--yes", help="Without being asked once more.")] = False,
) -> None:
    """Erase what is kept about a call or a person; what is in Slack already stays there."""
    from bot.terminal.forget import forget as forget_subject
    from bot.terminal.forget import question, read_subject

    subject = _read(lambda: read_subject(named))
    if not yes and not typer.confirm(question(subject)):
        _fail("Nothing was erased.")
    _with_store(partial(forget_subject, subject=subject))


def _with_store(work: Callable[["Store"], Awaitable[None]]) -> None:
    settings = _read(lambda: load(DatabaseSettings))
    _set_up_logging(settings, level="ERROR")
    _run_to_the_end(_work_in_store(settings, work))


async def _work_in_store(settings: DatabaseSettings, work: Callable[["Store"], Awaitable[None]]) -> None:
    from bot.memory import open_store
    from bot.server import CannotStart

    try:
        async with open_store(settings.database_url.get_secret_value(), team_id=lambda: "", may_make=False) as store:
            await work(store)
    except CannotStart as error:
        _fail(str(error))


@app.command()
def webhooks(
    action: Annotated[Literal["install", "list", "remove", "check"], typer.Argument(help="What to do.")],
    agent: Annotated[str, typer.Option(metavar="ID", help="The agent whose calls are announced.")] = "",
    url: Annotated[str, typer.Option(metavar="URL", help="The bot's address: https://…/samora/webhook")] = "",
    webhook: Annotated[str, typer.Option("--id", metavar="ID", help="One webhook; for remove.")] = "",
) -> None:
    """Have Samora tell the bot of an agent's calls: install, list, remove or check its webhooks."""
    from bot.webhooks import read_wanted, tend_webhooks

    settings = _read(load_settings)
    wanted = _read(lambda: read_wanted(settings, action, agent=agent, url=url, webhook=webhook))
    _set_up_logging(settings, level="ERROR")
    if trouble := _run_to_the_end(tend_webhooks(settings, action, wanted)):
        _fail(trouble)


@app.command()
def manifest(url: Annotated[str | None, typer.Option(help="The bot's public address, for HTTP mode.")] = None) -> None:
    """Print the Slack app's manifest: for Socket Mode, or with --url for HTTP."""
    from bot.slack.manifest import make_manifest

    if url is not None and not _PUBLIC_ADDRESS.fullmatch(url):
        _fail(f"Slack reaches bots at plain https:// addresses only, and {url!r} is none.", code=WRONG)
    typer.echo(make_manifest(url), nl=False)


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(min=1, max=65_000, help="The page's port; if taken, one of the next.")] = 8730,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser, where there is one.")] = True,
) -> None:
    """The whole bot in a workspace of its own, in the browser: no accounts, no network."""
    if missing := [name for name in ("fpdf", "yaml") if find_spec(name) is None]:
        extra = f"The sandbox needs its extra ({', '.join(missing)})"
        _fail(f"{extra}. Where the code is, `make demo` installs and opens it.", code=WRONG)
    from bot.sandbox.show import show
    from bot.sandbox.site import PageMissing
    from bot.sandbox.stage import CannotStart
    from bot.slack.manifest import make_manifest

    try:
        showing = show(manifest=make_manifest(), port=port, with_browser=browser, say=typer.echo)
        _run_to_the_end(_show(showing))
    except (PageMissing, CannotStart) as error:
        _fail(str(error))


async def _show(showing: Coroutine[Any, Any, None]) -> None:
    await until_stopped(showing, stop_on_signals())


def _read(read: Callable[[], Result]) -> Result:
    """Reads settings or arguments, and ends with what is wrong with them."""
    try:
        return read()
    except SettingsError as error:
        _fail(*error.lines, code=WRONG)
    except UserMistake as mistake:
        _fail(mistake.reason, code=WRONG)


def _set_up_logging(settings: LogSettings, *, level: str | None = None) -> None:
    from bot.log import set_up_logging

    fields = [getattr(settings, name) for name in type(settings).model_fields]
    several = [each for field in fields for each in (field if isinstance(field, tuple) else (field,))]
    secrets = [each.get_secret_value() for each in several if isinstance(each, SecretStr)]
    set_up_logging(level=level or settings.log_level, form=settings.log_format, secrets=secrets)


def _run_to_the_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs on uvloop where it exists: about a fifth more of everything."""
    try:
        from uvloop import new_event_loop
    except ImportError:  # pragma: no cover - Windows
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


def _fail(*sentences: str, code: int = FAILED) -> NoReturn:
    for sentence in sentences:
        typer.echo(sentence, err=True)
    raise typer.Exit(code)
