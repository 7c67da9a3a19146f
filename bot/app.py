"""The composition root: settings become objects and tasks here, and nowhere else. Everything ends in reverse order."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic

from slack_sdk.web.async_client import AsyncWebClient

from bot.announcer import Announcer
from bot.asking import make_lookup, make_visible, open_lookup, open_samora
from bot.check.doctor import Examiner
from bot.check.outside import check_from_outside
from bot.core.findings import Finding, State
from bot.core.lookup import Lookup
from bot.core.naming import KnownNames, NamedCalls
from bot.core.tracing import OpenSpan
from bot.crew import Crew, make_crew
from bot.doors import make_web
from bot.front import make_front
from bot.health import Health
from bot.memory import open_store
from bot.pruner import Pruner
from bot.rules import make_burst_rules, make_limits, make_policy, make_rates, make_rules, make_visibility
from bot.running import Bot
from bot.samora.client import SamoraClient, SamoraHttp
from bot.server import listen
from bot.settings import HttpSettings, Settings, SocketSettings
from bot.slack.access import Access
from bot.slack.client import make_web_client, open_session
from bot.slack.deliveries import Deliveries
from bot.slack.directory import Directory
from bot.slack.doctor import Doctor
from bot.slack.listeners.boundary import Boundary
from bot.slack.listeners.dispatcher import Dispatcher
from bot.slack.messenger import Messenger
from bot.slack.seal import Seal
from bot.slack.socket import Socket
from bot.slack.work import Once, Work
from bot.slack.workspace import Workspaces, read_app_id
from bot.speaking import app_token, make_socket, open_slack
from bot.storage.opening import open_database
from bot.storage.store import Store
from bot.tracing import Tracing, open_tracing
from bot.watchdog import Watchdog
from bot.web import SlackDoor, Web
from bot.webhook_door import WebhookDoor

_DEFAULT_PORT = 3000

# A supervisor that sends SIGTERM commonly waits ten seconds before it kills: 3 for requests and for what the workers
# hold, 5 for answers under way, and then one for telling those who wait for another that it won't come.
_WORK_GRACE_SECONDS = 5.0


@asynccontextmanager
async def open_bot(settings: Settings) -> AsyncIterator[Bot]:
    """Opens connections, builds the objects, and closes all of it in reverse order, answers under way first.

    Raises:
        CannotStart: the port is taken, or the database can't be used.
    """
    async with AsyncExitStack() as stack:
        tracing = stack.enter_context(_open_tracing(settings))
        session = await stack.enter_async_context(open_slack(settings, tracing))
        token = settings.slack_bot_token.get_secret_value()
        web_client = make_web_client(
            session=session,
            api_url=settings.slack_api_url,
            token=token,
            observe=lambda *seen: health.observe_slack(*seen),  # noqa: PLW0108 - not yet
        )
        workspaces = Workspaces(web=web_client, app_id=read_app_id(app_token(settings)))
        store = await stack.enter_async_context(_open_store(settings, workspaces, tracing))
        http = await stack.enter_async_context(open_samora(settings))
        tracing.watch_http(http)
        work = Work()
        watchdog = Watchdog(observe_lag=lambda seconds: health.observe_lag(seconds))  # noqa: PLW0108 - not yet
        slack_socket = make_socket(settings, session, lambda: (dispatcher, health))
        health = _make_health(workspaces, work, slack_socket, watchdog, lambda: crew)
        seal = _make_seal(settings, workspaces)
        messenger = Messenger(web=web_client, session=session, seal=seal, observe=health.observe_slack)
        access = _make_access(settings, web_client)
        names = _make_names(store, workspaces)
        deliveries = Deliveries(messenger=messenger, access=access, names=names, visibility=make_visibility(settings))
        crew = _make_crew(settings, store, deliveries, http, health, names, tracing.span)
        boundary = _make_boundary(settings, work, workspaces, access, messenger, health, tracing.span)
        lookup = make_lookup(settings, NamedCalls(calls=_make_client(http, health), names=names))
        doctor = _make_doctor(web_client, lookup, store, messenger, health)
        dispatcher = _make_front(
            settings, boundary, lookup, messenger, deliveries, access, doctor, crew, store, names, health
        )
        announcer = Announcer(announcements=store.announcements, on_change=crew.look)
        web = _make_web(settings, dispatcher, health, announcer, tracing.span)
        listening = stack.enter_context(listen(settings.host, _port(settings))) if web else None
        stack.push_async_callback(announcer.close)
        stack.push_async_callback(work.close, grace=_WORK_GRACE_SECONDS)
        yield Bot(
            workspaces=workspaces,
            crew=crew,
            web=web,
            listening=listening,
            slack_socket=slack_socket,
            watchdog=watchdog,
        )


async def check_everything(settings: Settings) -> list[Finding]:
    """Looks at settings, Slack, Samora and the database; see :mod:`bot.check`."""
    async with open_session(api_url=settings.slack_api_url) as session, open_lookup(settings) as lookup:
        token = settings.slack_bot_token.get_secret_value()
        findings = await check_from_outside(
            web=make_web_client(session=session, api_url=settings.slack_api_url, token=token),
            app_token=app_token(settings) if isinstance(settings, SocketSettings) else "",
            lookup=lookup,
            open_database=partial(open_database, settings.database_url.get_secret_value()),
            clock=_now,
        )
    complete = f"complete for {settings.transport} mode"
    return [Finding(name="Settings", state=State.FINE, detail=complete), *findings]


def _open_tracing(settings: Settings) -> AbstractContextManager[Tracing]:
    headers = settings.otel_exporter_otlp_headers
    return open_tracing(
        endpoint=settings.otel_exporter_otlp_endpoint or "",
        headers=headers.get_secret_value() if headers else "",
        service=settings.otel_service_name,
    )


def _open_store(settings: Settings, workspaces: Workspaces, tracing: Tracing) -> AbstractAsyncContextManager[Store]:
    url = settings.database_url.get_secret_value()
    return open_store(url, team_id=lambda: workspaces.team_id, burst=make_burst_rules(settings), tracing=tracing)


def _port(settings: Settings) -> int:
    return _DEFAULT_PORT if settings.port is None else settings.port


def _make_seal(settings: Settings, workspaces: Workspaces) -> Seal:
    """Keyed by the signing secret, or in Socket Mode, which can do without one, by the app-level token."""
    signing = settings.slack_signing_secret
    secret = signing.get_secret_value() if signing else app_token(settings)
    return Seal(secret=secret, team_id=lambda: workspaces.team_id)


def _make_client(http: SamoraHttp, health: Health) -> SamoraClient:
    return SamoraClient(http=http, clock=_now, observe=health.observe_samora)


def _make_names(store: Store, workspaces: Workspaces) -> KnownNames:
    return KnownNames(names=store.names, team_id=lambda: workspaces.team_id, clock=monotonic)


def _make_access(settings: Settings, web: AsyncWebClient) -> Access:
    return Access(policy=make_policy(settings), directory=Directory(web=web), contact=settings.admin_contact)


def _make_boundary(
    settings: Settings,
    work: Work,
    workspaces: Workspaces,
    access: Access,
    messenger: Messenger,
    health: Health,
    span: OpenSpan,
) -> Boundary:
    return Boundary(
        work=work,
        once=Once(),
        limits=make_limits(settings),
        workspaces=workspaces,
        access=access,
        messenger=messenger,
        observe=health.observe_request,
        note_failure=health.note_failure,
        span=span,
    )


def _make_crew(
    settings: Settings,
    store: Store,
    messenger: Deliveries,
    http: SamoraHttp,
    health: Health,
    names: KnownNames,
    span: OpenSpan,
) -> Crew:
    # What a worker could not read comes back by its row: trying at once again would be one wait inside another.
    client = SamoraClient(http=http, clock=_now, observe=health.observe_samora, attempts=1)
    kept, audit_kept = timedelta(days=settings.retention_days), timedelta(days=settings.audit_days)
    return make_crew(
        store=store,
        calls=make_visible(settings, NamedCalls(calls=client, names=names)),
        messenger=messenger,
        clock=_now,
        rules=make_rules(settings),
        burst=make_burst_rules(settings),
        rates=make_rates(settings),
        lease=timedelta(seconds=settings.lease_seconds),
        observe=health.observe_worker,
        observe_store=health.observe_store,
        observe_delay=health.observe_delay,
        observe_wait=health.observe_wait,
        pruner=Pruner(prune=partial(store.prune, kept=kept, audit_kept=audit_kept)),
        note_failure=health.note_failure,
        span=span,
    )


def _make_health(
    workspaces: Workspaces, work: Work, slack_socket: Socket | None, watchdog: Watchdog, find_crew: Callable[[], Crew]
) -> Health:
    def find_stalled() -> list[str]:
        return find_crew().find_stalled() + (["socket"] if slack_socket and slack_socket.is_stalled else [])

    return Health(
        clock=_now,
        is_slack_known=lambda: workspaces.is_known,
        is_socket_connected=(lambda: slack_socket.is_connected) if slack_socket else None,
        count_work=work.count,
        count_connections=lambda: slack_socket.of_app if slack_socket else 0,
        count_connects=lambda: slack_socket.connects if slack_socket else 0,
        find_stalled=find_stalled,
        find_block=watchdog.find_block,
    )


def _make_doctor(web: AsyncWebClient, lookup: Lookup, store: Store, messenger: Messenger, health: Health) -> Doctor:
    examiner = Examiner(web=web, lookup=lookup, store=store, feel=health.pulse, clock=_now)
    return Doctor(examine=examiner.examine, messenger=messenger)


def _make_front(
    settings: Settings,
    boundary: Boundary,
    lookup: Lookup,
    messenger: Messenger,
    deliveries: Deliveries,
    access: Access,
    doctor: Doctor,
    crew: Crew,
    store: Store,
    names: KnownNames,
    health: Health,
) -> Dispatcher:
    return make_front(
        boundary=boundary,
        lookup=lookup,
        messenger=messenger,
        deliveries=deliveries,
        access=access,
        doctor=doctor,
        store=store,
        names=names,
        clock=_now,
        rules=make_rules(settings),
        visibility=make_visibility(settings),
        on_change=crew.hear,
        observe_ack=health.observe_ack,
    )


def _make_web(
    settings: Settings, dispatcher: Dispatcher, health: Health, announcer: Announcer, span: OpenSpan
) -> Web | None:
    slack = webhooks = None
    if isinstance(settings, HttpSettings):
        secret = settings.slack_signing_secret.get_secret_value()
        slack = SlackDoor(dispatcher=dispatcher, signing_secret=secret, observe_refusal=health.observe_refusal)
    elif settings.port is None:
        return None
    if settings.webhook_secret:
        secrets = [each.get_secret_value() for each in settings.webhook_secret]
        webhooks = WebhookDoor(secrets=secrets, announcer=announcer, observe=health.observe_webhook, span=span)
    return make_web(health=health, slack=slack, webhooks=webhooks)


def _now() -> datetime:
    return datetime.now(UTC)
