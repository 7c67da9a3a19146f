"""The settings: each one missing, malformed, by default; and what somebody reads who got one wrong."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from bot.core.access import Policy
from bot.rules import make_policy
from bot.settings import (
    WHERE,
    HttpSettings,
    Mode,
    SamoraSettings,
    Settings,
    SettingsError,
    SocketSettings,
    load,
    load_settings,
)

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-1-very-secret",
    "SLACK_APP_TOKEN": "xapp-1-A0APP-1-very-secret",
    "SLACK_SIGNING_SECRET": "signing-very-secret",
    "SAMORA_API_KEY": "key-very-secret",
}
NAMES = [name.upper() for name in SocketSettings.model_fields]


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder and an environment without any of the bot's settings."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def lines_of(mode: Mode = "auto") -> list[str]:
    with pytest.raises(SettingsError) as complaint:
        load_settings(mode)
    return complaint.value.lines


# What each mode needs


@pytest.mark.parametrize(
    ("mode", "missing"),
    [
        ("auto", {"SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SAMORA_API_KEY"}),
        ("http", {"SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SAMORA_API_KEY"}),
        ("socket", {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SAMORA_API_KEY"}),
    ],
)
def test_all_that_is_missing_is_told_in_one_go_one_line_each(mode: Mode, missing: set[str]) -> None:
    lines = lines_of(mode)

    assert {line.split()[0] for line in lines} == missing
    assert len(lines) == len(missing)
    for line in lines:
        name = line.split()[0]
        assert line == f"{name} is missing. Get it here: {WHERE[name]}"
        assert "\n" not in line


def test_missing_and_malformed_settings_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxp-1-user")
    monkeypatch.setenv("SAMORA_API_URL", "ftp://api.samora.ai")
    monkeypatch.setenv("PORT", "many")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")

    lines = lines_of("http")

    assert sorted(line.split()[0] for line in lines) == [
        "LOG_LEVEL", "PORT", "SAMORA_API_KEY", "SAMORA_API_URL", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET",
    ]  # fmt: skip


def test_the_error_as_a_text_is_its_lines() -> None:
    with pytest.raises(SettingsError) as complaint:
        load(SamoraSettings)

    assert str(complaint.value) == "\n".join(complaint.value.lines)
    assert complaint.value.__cause__ is None
    assert complaint.value.__context__ is None, "the foreign error knows the values, secrets included"


@pytest.mark.usefixtures("complete")
def test_with_an_app_token_auto_is_socket_mode() -> None:
    settings = load_settings("auto")

    assert isinstance(settings, SocketSettings)
    assert settings.transport == "socket"
    assert settings.slack_app_token.get_secret_value() == SECRETS["SLACK_APP_TOKEN"]


@pytest.mark.usefixtures("complete")
def test_without_an_app_token_auto_is_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLACK_APP_TOKEN")

    settings = load_settings("auto")

    assert isinstance(settings, HttpSettings)
    assert settings.transport == "http"
    assert settings.slack_signing_secret.get_secret_value() == SECRETS["SLACK_SIGNING_SECRET"]


@pytest.mark.usefixtures("complete")
def test_an_app_token_in_the_env_file_makes_auto_socket_mode(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SLACK_APP_TOKEN")
    (tmp_path / ".env").write_text("SLACK_APP_TOKEN=xapp-1-A0FILE-1-x\n")

    assert isinstance(load_settings("auto"), SocketSettings)


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(("mode", "kind"), [("http", HttpSettings), ("socket", SocketSettings)])
def test_a_mode_that_is_asked_for_is_the_mode(mode: Mode, kind: type[Settings]) -> None:
    assert isinstance(load_settings(mode), kind)


@pytest.mark.usefixtures("complete")
def test_http_mode_needs_no_app_token_and_socket_mode_no_signing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLACK_APP_TOKEN")
    assert load_settings("http").slack_app_token is None

    monkeypatch.setenv("SLACK_APP_TOKEN", SECRETS["SLACK_APP_TOKEN"])
    monkeypatch.delenv("SLACK_SIGNING_SECRET")
    assert load_settings("socket").slack_signing_secret is None


def test_the_terminal_needs_only_samoras_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMORA_API_KEY", "k3y")

    settings = load(SamoraSettings)

    assert settings.samora_api_key.get_secret_value() == "k3y"
    assert settings.samora_api_url == "https://api.samora.ai"


# Defaults, where values come from


@pytest.mark.usefixtures("complete")
def test_what_is_left_out_has_a_default() -> None:
    settings = load_settings("http")

    assert settings.samora_api_url == "https://api.samora.ai"
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.host == "127.0.0.1"
    assert settings.port is None
    assert settings.log_level == "INFO"
    assert settings.log_format == "text"


def test_the_env_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "\n".join(f'{name}="{value}"' for name, value in SECRETS.items()) + "\nPORT=8080\nSOMETHING_ELSE=1\n"
    )

    settings = load_settings("socket")

    assert settings.slack_bot_token.get_secret_value() == SECRETS["SLACK_BOT_TOKEN"]
    assert settings.port == 8080


@pytest.mark.usefixtures("complete")
def test_the_environment_wins_over_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SAMORA_API_KEY=from-the-file\nPORT=1\n")
    monkeypatch.setenv("PORT", "2")

    settings = load_settings("http")

    assert settings.samora_api_key.get_secret_value() == SECRETS["SAMORA_API_KEY"]
    assert settings.port == 2


def test_an_env_file_that_is_no_text_is_told_and_not_thrown(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"SAMORA_API_KEY=k\xe9y\n")

    assert lines_of("http")


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SAMORA_API_KEY"])
def test_an_empty_value_counts_as_missing(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")

    assert lines_of("http") == [f"{name} is missing. Get it here: {WHERE[name]}"]


@pytest.mark.usefixtures("complete")
def test_an_empty_app_token_means_http_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_APP_TOKEN", "")

    assert isinstance(load_settings("auto"), HttpSettings)


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("name", ["PORT", "HOST", "LOG_LEVEL", "LOG_FORMAT", "SAMORA_API_URL", "SLACK_API_URL"])
def test_an_empty_value_gets_the_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")

    settings = load_settings("http")

    assert getattr(settings, name.lower()) == HttpSettings.model_fields[name.lower()].default


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("LOG_LEVEL", "Warning", "WARNING"),
        ("LOG_FORMAT", "JSON", "json"),
        ("LOG_FORMAT", "Text", "text"),
        ("PORT", "0", 0),
        ("PORT", "65535", 65535),
        ("HOST", "0.0.0.0", "0.0.0.0"),  # noqa: S104 - only read
        ("SLACK_BOT_TOKEN", "xoxe.xoxb-1-rotated", "xoxe.xoxb-1-rotated"),
    ],
)
def test_what_is_well_formed_is_taken(monkeypatch: pytest.MonkeyPatch, name: str, given: str, read: object) -> None:
    monkeypatch.setenv(name, given)

    value = getattr(load_settings("http"), name.lower())

    assert (value.get_secret_value() if name in SECRETS else value) == read


# Malformed values


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("name", list(SECRETS))
@pytest.mark.parametrize("spoil", ["{} ", " {}", "{}\n", "{}\t", "{}\x00", "«{}»", "{}\u200b", "a b {}"], ids=ascii)
def test_a_secret_with_blanks_or_unusual_characters_was_not_copied_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, spoil: str
) -> None:
    value = spoil.format(SECRETS[name])
    if "\x00" in value:
        monkeypatch.delenv(name)  # no environment can hold it, but a file can
        (tmp_path / ".env").write_text(f'{name}="{value}"\n')
    else:
        monkeypatch.setenv(name, value)
    mode: Mode = "socket" if name == "SLACK_APP_TOKEN" else "http"

    (line,) = lines_of(mode)

    assert line.startswith(f"{name} holds blanks or unusual characters; was it copied whole?")
    assert line.endswith(f" Get it here: {WHERE[name]}")
    assert "very-secret" not in line


@pytest.mark.usefixtures("complete")
def test_a_complaint_that_ends_in_a_question_gets_no_full_stop_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMORA_API_KEY", "k e y")

    assert "?." not in lines_of("http")[0]


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("given", ["   ", "\t"])
def test_a_token_of_blanks_is_malformed(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", given)

    assert lines_of("http")[0].startswith("SLACK_BOT_TOKEN holds blanks")


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("given", ["xoxp-1-very-secret", "xapp-1-very-secret", "very-secret", "XOXB-very-secret"])
def test_a_bot_token_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", given)

    assert lines_of("http") == [
        f"SLACK_BOT_TOKEN is not a bot token: those start with xoxb-. Get it here: {WHERE['SLACK_BOT_TOKEN']}"
    ]


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(("name", "given"), [("SLACK_BOT_TOKEN", "xoxb-"), ("SLACK_APP_TOKEN", "xapp-")])
def test_a_line_of_the_example_that_was_not_filled_in_is_no_token(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str
) -> None:
    assert f"\n{name}={given}\n" in (Path(__file__).parent.parent / ".env.example").read_text()
    monkeypatch.setenv(name, given)

    assert lines_of("auto") == [f"{name} holds no more than its beginning: fill it in. Get it here: {WHERE[name]}"]


def test_whoever_forgot_the_app_token_is_not_sent_for_a_signing_secret_alone() -> None:
    (line,) = [each for each in lines_of("auto") if each.startswith("SLACK_SIGNING_SECRET")]
    assert "SLACK_APP_TOKEN" in line


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("mode", ["auto", "http", "socket"])
def test_an_app_token_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch, mode: Mode) -> None:
    monkeypatch.setenv("SLACK_APP_TOKEN", "xoxb-very-secret")

    assert lines_of(mode) == [
        f"SLACK_APP_TOKEN is not an app-level token: those start with xapp-. Get it here: {WHERE['SLACK_APP_TOKEN']}"
    ]


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("name", ["SAMORA_API_URL", "SLACK_API_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "http://api.samora.ai",
        "http://10.0.0.1",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "https://user@api.samora.ai",
        "https://user:very-secret@api.samora.ai",
        "https://@api.samora.ai",
        "https://api.samora.ai?key=very-secret",
        "https://api.samora.ai/#part",
        "ftp://api.samora.ai",
        "file:///etc/passwd",
        "api.samora.ai",
        "//api.samora.ai",
        "https://",
        "https:///path",
        "https://[half",
        "https://api.samora.ai:many",
        "https://api.samora.ai:99999",
        "javascript:alert(1)",
        "   ",
    ],
)
def test_an_address_that_is_not_safe_or_not_whole_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv(name, url)

    (line,) = lines_of("http")

    assert line.startswith(f"{name} ")
    assert line.endswith(WHERE[name])
    assert "very-secret" not in line


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("name", ["SAMORA_API_URL", "SLACK_API_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "https://api.samora.ai ",
        " https://api.samora.ai",
        "https://api.sam ora.ai",
        "https://api.samora.ai\n",
        "https://api.\nsamora.ai",
        "https://api.samora.ai/a\tb",
    ],
    ids=ascii,
)
def test_an_address_with_blanks_in_it_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> None:
    monkeypatch.setenv(name, url)

    (line,) = lines_of("http")

    assert line.startswith(f"{name} ")


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:9", "https://api.example:8443", "http://127.9.9.9"],
)
def test_plain_http_is_fine_on_loopback_only(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SAMORA_API_URL", url)
    monkeypatch.setenv("SLACK_API_URL", url)

    settings = load_settings("http")

    assert settings.samora_api_url == url
    assert settings.slack_api_url == f"{url}/"


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    "url", ["https://slack.example/api", "https://slack.example/api/", "https://slack.example/api//"]
)
def test_slacks_address_always_ends_in_one_slash(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SLACK_API_URL", url)

    assert load_settings("http").slack_api_url == "https://slack.example/api/"


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("PORT", "80.5"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_LEVEL", "json"),
        ("LOG_FORMAT", "xml"),
        ("LOG_FORMAT", "DEBUG"),
    ],
)
def test_a_value_out_of_range_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, given: str) -> None:
    monkeypatch.setenv(name, given)

    (line,) = lines_of("http")

    assert line.startswith(f"{name} is wrong: input should be ")
    assert "\n" not in line
    assert "pydantic" not in line


# Following


@pytest.mark.usefixtures("complete")
def test_following_has_defaults_that_suit_most() -> None:
    settings = load_settings("http")

    assert settings.database_url.get_secret_value() == "sqlite:///samora-bot.db"
    assert settings.poll_interval == 5
    assert settings.samora_rate == 10
    assert settings.lease_seconds == 30
    assert (settings.stuck_triggered_minutes, settings.stuck_ongoing_minutes) == (15, 60)
    assert (settings.slack_posts_per_minute, settings.slack_edits_per_minute) == (300, 50)


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("POLL_INTERVAL", "0.5", 0.5),
        ("POLL_INTERVAL", "3600", 3600.0),
        ("POLL_INTERVAL", "", 5),
        ("SAMORA_RATE", "0.1", 0.1),
        ("SAMORA_RATE", "5000", 5000.0),
        ("SAMORA_RATE", "", 10),
        ("LEASE_SECONDS", "1", 1.0),
        ("LEASE_SECONDS", "3600", 3600.0),
        ("LEASE_SECONDS", "", 30),
        ("STUCK_TRIGGERED_MINUTES", "0.5", 0.5),
        ("STUCK_TRIGGERED_MINUTES", "", 15),
        ("STUCK_ONGOING_MINUTES", "90", 90.0),
        ("STUCK_ONGOING_MINUTES", "", 60),
        ("SLACK_POSTS_PER_MINUTE", "1", 1),
        ("SLACK_POSTS_PER_MINUTE", "6000", 6000),
        ("SLACK_EDITS_PER_MINUTE", "100", 100),
        ("SLACK_EDITS_PER_MINUTE", "", 50),
    ],
)
def test_the_measures_of_following_are_taken_fractions_included(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str, read: float
) -> None:
    monkeypatch.setenv(name, given)

    assert getattr(load_settings("http"), name.lower()) == read


FOLLOWING = [
    ("POLL_INTERVAL", "0"),
    ("POLL_INTERVAL", "-5"),
    ("POLL_INTERVAL", "3600.1"),
    ("POLL_INTERVAL", "inf"),
    ("POLL_INTERVAL", "nan"),
    ("POLL_INTERVAL", "soon"),
    ("SAMORA_RATE", "0"),
    ("SAMORA_RATE", "-1"),
    ("SAMORA_RATE", "5001"),
    ("SAMORA_RATE", "inf"),
    ("SAMORA_RATE", "nan"),
    ("LEASE_SECONDS", "0.9"),
    ("LEASE_SECONDS", "3601"),
    ("LEASE_SECONDS", "nan"),
    ("LEASE_SECONDS", "half a minute"),
    ("STUCK_TRIGGERED_MINUTES", "0"),
    ("STUCK_TRIGGERED_MINUTES", "-1"),
    ("STUCK_TRIGGERED_MINUTES", "nan"),
    ("STUCK_TRIGGERED_MINUTES", "inf"),
    ("STUCK_TRIGGERED_MINUTES", "1e300"),
    ("STUCK_ONGOING_MINUTES", "0"),
    ("STUCK_ONGOING_MINUTES", "inf"),
    ("STUCK_ONGOING_MINUTES", "1e300"),
    ("STUCK_ONGOING_MINUTES", "long"),
    ("SLACK_POSTS_PER_MINUTE", "0"),
    ("SLACK_POSTS_PER_MINUTE", "6001"),
    ("SLACK_POSTS_PER_MINUTE", "1.5"),
    ("SLACK_EDITS_PER_MINUTE", "0"),
]


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(("name", "given"), FOLLOWING)
def test_a_measure_out_of_bounds_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, given: str) -> None:
    monkeypatch.setenv(name, given)

    (line,) = lines_of("http")

    assert line.startswith(f"{name} is wrong: input should be ")
    assert "\n" not in line


# The database


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///samora-bot.db",
        "sqlite:////var/lib/samora/bot.db",
        "postgresql://bot:very-secret@db.example/samora",
        "postgres://bot:very-secret@db.example/samora",
        "postgresql://bot:p%40ss@db.example:6432/samora?sslmode=require",
        "postgresql:///samora?host=/run/postgresql",
        "postgresql://a.example,b.example/samora?target_session_attrs=read-write",
    ],
)
def test_a_database_is_a_file_or_whatever_libpq_takes(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    assert load_settings("http").database_url.get_secret_value() == url


NEITHER = "is neither sqlite:///FILE nor postgresql://…."
NO_FILE = "names no file, and what is followed must outlive the process."
NOT_WHOLE = "holds blanks; was it copied whole?"


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("samora-bot.db", NEITHER),
        ("sqlite:samora-bot.db", NEITHER),
        ("sqlite+aiosqlite:///samora-bot.db", NEITHER),
        ("postgresql+psycopg://bot:very-secret@db.example/samora", NEITHER),
        ("mysql://bot:very-secret@db.example/samora", NEITHER),
        ("   ", NEITHER),
        ("sqlite:///", NO_FILE),
        ("sqlite:///:memory:", NO_FILE),
        ("sqlite:///samora bot.db", NOT_WHOLE),
        ("postgresql://bot:very-secret@db.example/samora\n", NOT_WHOLE),
        ("postgresql://bot:very secret@db.example/samora", NOT_WHOLE),
    ],
)
def test_any_other_database_is_refused_and_its_password_not_told(
    monkeypatch: pytest.MonkeyPatch, url: str, complaint: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    assert lines_of("http") == [f"DATABASE_URL {complaint} Or {WHERE['DATABASE_URL']}"]


@pytest.mark.usefixtures("complete")
def test_an_empty_database_url_gets_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")

    assert load_settings("http").database_url.get_secret_value() == "sqlite:///samora-bot.db"


@pytest.mark.usefixtures("complete")
def test_the_password_of_the_database_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://bot:very-secret@db.example/samora")

    settings = load_settings("socket")

    written = f"{settings!r} {settings!s} {settings.model_dump()} {settings.model_dump_json()} {settings.database_url}"
    assert "very-secret" not in written
    assert "db.example" not in written


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bot:very-secret@db.example:port/samora",
        "postgresql://bot:very/secret@db.example/samora",
        "postgresql://bot:very@secret@db.example/samora",
        "postgresql://one.example:5432,two.example:secret/samora",
        "postgresql://[::1/samora",
    ],
)
def test_a_password_that_is_not_percent_encoded_is_told_before_anybody_connects(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    (line,) = lines_of("http")

    assert line.startswith(
        "DATABASE_URL holds a host or a port that can't be one; are an @, a / or a : of the password"
    )
    assert "secret" not in line


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://",
        "postgresql:///samora?host=/var/run/postgresql",
        "postgresql://bot:p%40ss%2Fword?#@db.example/samora?sslmode=require",
        "postgresql://one.example:5432,two.example/samora?target_session_attrs=read-write",
        "postgres://bot@[2001:db8::1]:5432/samora",
        "postgresql://%2Fvar%2Frun%2Fpostgresql/samora",
        "postgresql://db.example?user=bot",
    ],
)
def test_every_form_of_libpqs_is_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    assert load_settings("http").database_url.get_secret_value() == url


@pytest.mark.usefixtures("complete")
def test_a_file_takes_no_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///samora-bot.db?mode=ro")

    assert lines_of("http")[0].startswith("DATABASE_URL names no file: leave out the question mark and what follows.")


# Where it listens, and what a collector is told


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("host", ["0.0.0.0:3000", "http://0.0.0.0", "my host", "[::1]", "1:2", "*", "a/b"])
def test_a_host_is_an_address_or_a_name_and_nothing_more(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HOST", host)

    assert lines_of("http") == [
        "HOST is neither an IP address nor the name of a host, such as 0.0.0.0; the port goes into PORT."
    ]


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::", "localhost", "bot-1.internal_net.example", "fe80::1%eth0"])
def test_hosts_that_are_ones(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HOST", host)

    assert load_settings("http").host == host


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("headers", ["very-secret", "a=1,very-secret", "=very-secret", "a=very-secret\n"])
def test_headers_that_are_no_names_and_values_are_told_and_not_quoted(
    monkeypatch: pytest.MonkeyPatch, headers: str
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", headers)

    assert lines_of("http") == ["OTEL_EXPORTER_OTLP_HEADERS is not name=value, comma-separated."]


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("headers", ["a=1", "a=1, b=Basic%20eA==,", "x-key="])
def test_headers_of_the_standard_are_taken(monkeypatch: pytest.MonkeyPatch, headers: str) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", headers)

    given = load_settings("http").otel_exporter_otlp_headers

    assert given
    assert given.get_secret_value() == headers


# Several of something


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ()),
        (" , ,", ()),
        ("notes", ("notes",)),
        ("notes, customer.* ,*e-mail*,", ("notes", "customer.*", "*e-mail*")),
        ('["notes"]', ('["notes"]',)),
    ],
)
def test_several_are_parted_by_commas(monkeypatch: pytest.MonkeyPatch, written: str, read: tuple[str, ...]) -> None:
    monkeypatch.setenv("HIDE_VARIABLES", written)

    assert load_settings("http").hide_variables == read


@pytest.mark.usefixtures("complete")
def test_several_may_stand_in_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SHOW_VARIABLES=order_id, plan\n", encoding="utf-8")

    assert load_settings("http").show_variables == ("order_id", "plan")


@pytest.mark.parametrize(
    ("name", "written", "read"),
    [
        ("ALLOWED_CHANNELS", "C0123456789, G0ABC,D0ABC", ("C0123456789", "G0ABC", "D0ABC")),
        ("ALLOWED_USERS", "U0ABC,W0ABC , S0ABC", ("U0ABC", "W0ABC", "S0ABC")),
        ("MEDIA_USERS", " S0ABC,", ("S0ABC",)),
        ("MEDIA_USERS", "", ()),
    ],
)
@pytest.mark.usefixtures("complete")
def test_lists_of_slacks_ids(monkeypatch: pytest.MonkeyPatch, name: str, written: str, read: tuple[str, ...]) -> None:
    monkeypatch.setenv(name, written)

    assert getattr(load_settings("http"), name.lower()) == read


@pytest.mark.parametrize("name", ["ALLOWED_CHANNELS", "ALLOWED_USERS", "MEDIA_USERS"])
@pytest.mark.parametrize(
    "written", ["#operations", "@jane", "<@U0ABC>", "C0ABC;C0DEF", "T0TEAM", "U0ABC C0ABC", "c0abc"]
)
@pytest.mark.usefixtures("complete")
def test_what_is_no_id_is_told_with_an_example_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, written: str
) -> None:
    monkeypatch.setenv(name, f"{'C' if name == 'ALLOWED_CHANNELS' else 'U'}0FINE,{written}")

    (line,) = lines_of("http")

    assert line.startswith(f"{name} holds something that isn't an id such as ")
    assert written not in line


@pytest.mark.parametrize(("name", "written"), [("ALLOWED_CHANNELS", "U0ABC"), ("ALLOWED_USERS", "C0ABC")])
@pytest.mark.usefixtures("complete")
def test_ids_of_something_else_are_none(monkeypatch: pytest.MonkeyPatch, name: str, written: str) -> None:
    monkeypatch.setenv(name, written)

    assert [line.split()[0] for line in lines_of("http")] == [name]


@pytest.mark.usefixtures("complete")
def test_guests_are_denied_or_allowed_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings("http").guests == "deny"
    monkeypatch.setenv("GUESTS", "allow")
    assert load_settings("http").guests == "allow"
    monkeypatch.setenv("GUESTS", "some")
    assert [line.split()[0] for line in lines_of("http")] == ["GUESTS"]


@pytest.mark.usefixtures("complete")
def test_the_settings_become_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_policy(load_settings("http")) == Policy()
    for name, written in {"ALLOWED_CHANNELS": "C0ABC", "ALLOWED_USERS": "U0ABC,S0ABC", "MEDIA_USERS": "U0ABC"}.items():
        monkeypatch.setenv(name, written)
    monkeypatch.setenv("GUESTS", "allow")

    assert make_policy(load_settings("http")) == Policy(
        channels=frozenset({"C0ABC"}),
        users=frozenset({"U0ABC", "S0ABC"}),
        media_users=frozenset({"U0ABC"}),
        allows_guests=True,
    )


def test_several_given_by_hand_are_several() -> None:
    given = {"samora_api_key": "k", "hide_variables": ("a", "b")}

    assert SamoraSettings.model_validate(given).hide_variables == ("a", "b")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [({"samora_api_key": ""}, "is missing"), ({"samora_api_key": "k", "log_level": 3}, "Input should be 'DEBUG'")],
)
def test_settings_that_are_given_by_hand_are_checked_too(given: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        SamoraSettings.model_validate(given)


# Secrets


@pytest.mark.usefixtures("complete")
def test_a_secret_is_in_no_text_of_the_settings() -> None:
    settings = load_settings("socket")

    written = f"{settings!r} {settings!s} {settings.model_dump()} {settings.model_dump_json()}"

    assert "very-secret" not in written


@pytest.mark.parametrize("name", list(SECRETS))
def test_a_secrets_value_is_never_in_a_complaint(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, f"{SECRETS[name]} and more")

    complaint = "\n".join(lines_of("socket" if name == "SLACK_APP_TOKEN" else "http"))

    assert name in complaint
    assert "very-secret" not in complaint
    assert "and more" not in complaint


@pytest.mark.usefixtures("complete")
def test_settings_cannot_be_changed() -> None:
    settings = load_settings("http")

    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1


# What the README's table is made of


def described(kind: type[BaseModel]) -> dict[str, str | None]:
    return {name: field.description for name, field in kind.model_fields.items()}


@pytest.mark.parametrize("kind", [SamoraSettings, Settings, HttpSettings, SocketSettings])
def test_every_setting_is_described(kind: type[BaseModel]) -> None:
    assert all(described(kind).values())


def test_whatever_must_be_fetched_says_where() -> None:
    needed = {name.upper() for kind in (HttpSettings, SocketSettings) for name, field in kind.model_fields.items()
              if field.is_required()}  # fmt: skip

    assert needed <= WHERE.keys()
    assert all(name.lower() in SocketSettings.model_fields for name in WHERE)


# What webhooks must bring along


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    ("written", "secrets"),
    [
        ("", []),
        ("exactly-16-chars", ["exactly-16-chars"]),
        (" the-new-secret-of-ours , the-old-secret-of-ours ", ["the-new-secret-of-ours", "the-old-secret-of-ours"]),
    ],
)
def test_webhooks_have_one_secret_or_two_the_new_one_first(
    monkeypatch: pytest.MonkeyPatch, written: str, secrets: list[str]
) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", written)

    settings = load_settings()

    assert [each.get_secret_value() for each in settings.webhook_secret] == secrets
    assert not any(each in repr(settings) for each in secrets)


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("only-15-letters", "is shorter than 16 characters; `openssl rand -hex 32` makes a good one"),
        ("the-new-secret-of-ours,short", "is shorter than 16 characters"),
        ("the-new secret-of-ours", "holds blanks or unusual characters"),
        ("the-1st-secret-of-ours,the-2nd-secret-of-ours,the-3rd-secret-of-ours", "holds more than two secrets"),
    ],
)
def test_a_secret_that_is_easily_guessed_or_one_too_many_is_refused_and_not_quoted(
    monkeypatch: pytest.MonkeyPatch, written: str, wrong: str
) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", written)

    (line,) = lines_of()

    assert line.startswith(f"WEBHOOK_SECRET {wrong}")
    assert written not in line
