"""The kinds of values that settings hold, and what is wrong with a text that is none."""

import re
from contextlib import suppress
from functools import partial
from ipaddress import IPv6Address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from bot.core.lookup import is_loopback

_SHORTEST_SECRET = 16

# One of PostgreSQL's hosts: a name or an address, perhaps in brackets, perhaps with a port.
_DATABASE_HOST = re.compile(r"(\[[^\[\]]+\]|[^\[\]:@]*)(:[0-9]{0,5})?")
_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
_HEADER = re.compile(r"[^\s=]+\s*=.*")


def _check_secret(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    if not value:
        raise ValueError("is missing")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("holds blanks or unusual characters; was it copied whole?")
    return secret


def _check_secrets(secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if len(secrets) > 2:
        raise ValueError("holds more than two secrets: one, and one more while that is replaced")
    for each in secrets:
        if len(_check_secret(each).get_secret_value()) < _SHORTEST_SECRET:
            raise ValueError(f"is shorter than {_SHORTEST_SECRET} characters; `openssl rand -hex 32` makes a good one")
    return secrets


def _check_url(url: str) -> str:
    if not url.isprintable() or " " in url:
        raise ValueError("holds blanks; was it copied whole?")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError("is not a URL that starts with https://")
    if parts.scheme != "https" and not is_loopback(host):
        raise ValueError("must start with https://, as a secret travels with every request (http only on loopback)")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("must be a plain address, without a user, a query or a fragment")
    return url


def _check_collector(url: str) -> str:
    # Plain http is usual within a cluster, and nothing secret is in what is sent.
    return _check_url(url.replace("http://", "https://", 1)) and url


def _check_database(secret: SecretStr) -> SecretStr:
    url = secret.get_secret_value()
    if not url.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ValueError("is neither sqlite:///FILE nor postgresql://…")
    if url in {"sqlite:///", "sqlite:///:memory:"}:
        raise ValueError("names no file, and what is followed must outlive the process")
    if url.startswith("sqlite:") and "?" in url:
        raise ValueError("names no file: leave out the question mark and what follows")
    if not url.isprintable() or " " in url:
        raise ValueError("holds blanks; was it copied whole?")
    if not url.startswith("sqlite:") and not all(_DATABASE_HOST.fullmatch(each) for each in _hosts_in(url)):
        raise ValueError(
            "holds a host or a port that can't be one; are an @, a / or a : of the password written as %40, %2F, %3A?"
        )
    return secret


def _hosts_in(url: str) -> list[str]:
    """The hosts of a PostgreSQL URL, where libpq finds them."""
    authority = url.partition("://")[2].partition("/")[0]
    user, at, hosts = authority.partition("@")
    return (hosts if at else user).partition("?")[0].split(",")


def _check_host(host: str) -> str:
    with suppress(ValueError):
        IPv6Address(host)
        return host
    if not _HOST_NAME.fullmatch(host):
        raise ValueError("is neither an IP address nor the name of a host, such as 0.0.0.0; the port goes into PORT")
    return host


def _check_headers(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    parts = [part for each in text.split(",") if (part := each.strip())]
    if not text.isprintable() or not all(_HEADER.fullmatch(part) for part in parts):
        raise ValueError("is not name=value, comma-separated")
    return secret


def _parted(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part for each in value.split(",") if (part := each.strip()))


def _check_ids(ids: tuple[str, ...], *, initials: str, example: str) -> tuple[str, ...]:
    if not all(re.fullmatch(f"[{initials}][A-Z0-9]{{2,20}}", each) for each in ids):
        raise ValueError(f"holds something that isn't an id such as {example}")
    return ids


Secret = Annotated[SecretStr, AfterValidator(_check_secret)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_check_database)]
Url = Annotated[str, AfterValidator(_check_url)]
Host = Annotated[str, AfterValidator(_check_host)]

# Where traces go.
CollectorUrl = Annotated[str, AfterValidator(_check_collector)]
CollectorHeaders = Annotated[SecretStr, AfterValidator(_check_headers)]

# Several of something, comma-separated; pydantic-settings alone would read them as JSON.
Several = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parted)]

# One secret, or two while the older one is replaced.
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_parted), AfterValidator(_check_secrets)]

# Slack's ids, several of them: of conversations; of users and user groups.
ChannelIds = Annotated[Several, AfterValidator(partial(_check_ids, initials="CGD", example="C0123456789"))]
UserIds = Annotated[
    Several, AfterValidator(partial(_check_ids, initials="UWS", example="U0123456789, or S0123456789 of a user group"))
]
