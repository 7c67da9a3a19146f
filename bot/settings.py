"""The settings. Nobody else reads the environment, and nobody but ``app`` and ``cli`` sees them."""

from typing import ClassVar, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.kinds import (
    ChannelIds,
    CollectorHeaders,
    CollectorUrl,
    DatabaseUrl,
    Host,
    Secret,
    Secrets,
    Several,
    Url,
    UserIds,
)

Mode = Literal["auto", "socket", "http"]
AnySettings = TypeVar("AnySettings", bound=BaseSettings)

# Where each setting that somebody must fetch is found. Told with every complaint about it.
WHERE = {
    "SLACK_BOT_TOKEN": "api.slack.com/apps → your app → OAuth & Permissions → Bot User OAuth Token (xoxb-…)",
    "SLACK_SIGNING_SECRET": "api.slack.com/apps → your app → Basic Information → App Credentials → Signing Secret; "
    "or set SLACK_APP_TOKEN, for Socket Mode, which needs none",
    "SLACK_APP_TOKEN": "api.slack.com/apps → your app → Basic Information → App-Level Tokens, scope connections:write "
    "(xapp-…)",
    "SAMORA_API_KEY": "app.samora.ai → the settings of your organisation → API keys",
    "SAMORA_API_URL": "leave it out for https://api.samora.ai",
    "DATABASE_URL": "leave it out for a file samora-bot.db in the working folder",
    "SLACK_API_URL": "leave it out for https://slack.com/api/",
}


class SettingsError(Exception):
    """Settings that are missing or malformed.

    Attributes:
        lines: one plain sentence per setting: its name, what is wrong, where to get it.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class LogSettings(BaseSettings):
    """How it is logged: what every command wants to know."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        case_sensitive=False,
        defer_build=True,  # a process reads one kind of settings, and pydantic need not get ready for the others
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="How much is logged: DEBUG, INFO, WARNING or ERROR."
    )
    log_format: Literal["text", "json"] = Field(default="text", description="text for people, json for machines.")

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _in_any_case(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return value.lower() if value.lower() in {"text", "json"} else value.upper()


class DatabaseSettings(LogSettings):
    """What it takes to look into the memory, for the commands that need neither Slack nor Samora."""

    database_url: DatabaseUrl = Field(
        default=SecretStr("sqlite:///samora-bot.db"),
        description="What is followed is kept there: sqlite:///FILE, or postgresql://… as libpq takes it. A secret.",
    )


class SamoraSettings(LogSettings):
    """What it takes to ask Samora, for the commands that need no Slack."""

    samora_api_key: Secret = Field(description="Your organisation's Samora API key. A secret.")
    samora_api_url: Url = Field(
        default="https://api.samora.ai", description="Where Samora's API lives. https only, except on loopback."
    )
    hide_variables: Several = Field(
        default=(),
        description="Variables that are shown nowhere and to nobody: names such as `notes`, `customer.email` or "
        "`*secret*`, comma-separated.",
    )


class Settings(SamoraSettings, DatabaseSettings):
    """All that the bot is told from outside, whichever way Slack reaches it."""

    transport: ClassVar[Literal["socket", "http"]]

    slack_bot_token: Secret = Field(description="The bot's token, xoxb-…. A secret.")
    slack_app_token: Secret | None = Field(
        default=None, description="An app-level token, xapp-…, for Socket Mode. A secret."
    )
    slack_signing_secret: Secret | None = Field(
        default=None, description="Proves that a request is Slack's. Needed in HTTP mode. A secret."
    )
    slack_api_url: Url = Field(
        default="https://slack.com/api/", description="Where Slack's Web API lives. https only, except on loopback."
    )
    show_variables: Several = Field(
        default=(),
        description="Variables that are shown unmasked to everybody in a channel, named likewise; HIDE_VARIABLES wins.",
    )
    allowed_channels: ChannelIds = Field(
        default=(),
        description="Channels that the bot may be used in: ids, C…, comma-separated. Direct messages and the Home tab "
        "are none.",
    )
    allowed_users: UserIds = Field(
        default=(), description="Who may use it: ids of users, U…, or of user groups, S…, comma-separated."
    )
    media_users: UserIds = Field(
        default=(), description="Who of them gets recordings, transcripts and unmasked variables, named likewise."
    )
    guests: Literal["deny", "allow"] = Field(
        default="deny", description="Whether guests of the workspace get these, too: deny or allow."
    )
    admin_contact: str = Field(
        default="whoever administers this app",
        max_length=200,
        description="Whom a refusal says to ask: the id of a user or a channel, or a few words.",
    )
    poll_interval: float = Field(
        default=5, ge=0.01, le=3600, description="Seconds between two looks at a followed call, at the shortest."
    )
    webhook_poll_interval: float = Field(
        default=60,
        ge=1,
        le=3600,
        description="Seconds between two looks, at the shortest, at calls of agents whose webhooks arrive.",
    )
    samora_rate: float = Field(
        default=10,
        ge=0.01,
        le=5000,
        description="How many looks a second Samora is asked for at most, by all processes together.",
    )
    lease_seconds: float = Field(
        default=30,
        ge=1,
        le=3600,
        description="After so many seconds others take over what a killed process held.",
    )
    slack_posts_per_minute: int = Field(
        default=300,
        ge=1,
        le=6000,
        description="How many notices, first cards and boards a minute are posted in the workspace at most.",
    )
    slack_edits_per_minute: int = Field(
        default=50, ge=1, le=6000, description="How many cards and boards a minute are redrawn there at most."
    )
    burst_cards: int = Field(
        default=10,
        ge=1,
        le=1000,
        description="More new cards than this a minute in a channel are drawn as one board.",
    )
    user_lookups_per_minute: int = Field(
        default=30, ge=1, le=1_000_000, description="How many look-ups a minute one person may ask each process for."
    )
    channel_lookups_per_minute: int = Field(
        default=120, ge=1, le=1_000_000, description="How many all in one channel may ask it for together."
    )
    stuck_triggered_minutes: float = Field(
        default=15, gt=0, le=10_080, description="A call that stays Triggered this long makes one notice."
    )
    stuck_ongoing_minutes: float = Field(
        default=60, gt=0, le=10_080, description="A call that stays Ongoing this long makes one notice."
    )
    audit_days: int = Field(
        default=400, ge=1, le=36_500, description="For so many days it is kept who was handed or changed what."
    )
    retention_days: int = Field(
        default=30, ge=1, le=36_500, description="For so many days what is over is kept: calls, subscriptions, notices."
    )
    webhook_secret: Secrets = Field(
        default=(),
        description="What Samora's webhooks must bring along: at least 16 characters; two, comma-separated, while one "
        "is replaced, the new one first. Without it no webhook is taken. A secret.",
    )
    otel_exporter_otlp_endpoint: CollectorUrl | None = Field(
        default=None,
        description="Where traces are sent to: an OpenTelemetry collector, OTLP over HTTP, such as "
        "http://localhost:4318. Without it there are none.",
    )
    otel_exporter_otlp_headers: CollectorHeaders | None = Field(
        default=None, description="What it is told with each request: name=value, comma-separated. A secret."
    )
    otel_service_name: str = Field(
        default="samora-bot", min_length=1, max_length=100, description="What the bot is called in traces."
    )
    host: Host = Field(default="127.0.0.1", description="The address that the HTTP server listens on.")
    port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Its port; 3000 in HTTP mode. In Socket Mode, set it to serve /healthz, /readyz and /metrics.",
    )

    @field_validator("slack_bot_token")
    @classmethod
    def _is_bot_token(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("xoxb-", "xoxe.xoxb-")):
            raise ValueError("is not a bot token: those start with xoxb-")
        return _filled(value)

    @field_validator("slack_app_token")
    @classmethod
    def _is_app_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith("xapp-"):
            raise ValueError("is not an app-level token: those start with xapp-")
        return value and _filled(value)

    @field_validator("slack_api_url")
    @classmethod
    def _ends_in_slash(cls, value: str) -> str:
        return value.rstrip("/") + "/"


def _filled(token: SecretStr) -> SecretStr:
    if token.get_secret_value().endswith("-"):
        raise ValueError("holds no more than its beginning: fill it in")
    return token


class HttpSettings(Settings):
    """For HTTP mode: Slack signs what it sends."""

    transport: ClassVar[Literal["socket", "http"]] = "http"

    slack_signing_secret: Secret = Field(description=Settings.model_fields["slack_signing_secret"].description)


class SocketSettings(Settings):
    """For Socket Mode: the bot opens the connection itself."""

    transport: ClassVar[Literal["socket", "http"]] = "socket"

    slack_app_token: Secret = Field(description=Settings.model_fields["slack_app_token"].description)


class _Peek(BaseSettings):
    model_config = SamoraSettings.model_config

    slack_app_token: str = ""


def load_settings(mode: Mode = "auto") -> Settings:
    """Reads the settings for one mode; ``auto`` is Socket Mode if ``SLACK_APP_TOKEN`` is set, else HTTP.

    Raises:
        SettingsError: something is missing or malformed.
    """
    if mode == "auto":
        mode = "socket" if load(_Peek).slack_app_token else "http"
    return load(SocketSettings) if mode == "socket" else load(HttpSettings)


def load(kind: type[AnySettings]) -> AnySettings:
    """Reads settings of that kind from the environment and ``.env``.

    Raises:
        SettingsError: something is missing or malformed. Its lines never quote a value: it may be a secret.
    """
    try:
        return kind()
    except ValidationError as error:
        lines = [_sentence(str(problem["loc"][0]).upper(), problem) for problem in error.errors(include_input=False)]
    except UnicodeDecodeError:
        lines = [".env is not a text in UTF-8. Write it anew; .env.example shows how."]
    raise SettingsError(lines)


def _sentence(name: str, problem: ErrorDetails) -> str:
    kind = problem["type"]
    if kind == "missing":
        wrong = "is missing"
    elif kind == "value_error":
        wrong = str(problem["ctx"]["error"])
    else:
        wrong = f"is wrong: {problem['msg'][0].lower()}{problem['msg'][1:]}"
    where = f" {'Or' if name.endswith('_URL') else 'Get it here:'} {WHERE[name]}" if name in WHERE else ""
    return f"{name} {wrong}{'' if wrong.endswith('?') else '.'}{where}"
