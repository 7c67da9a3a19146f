"""compose.yaml: read as strictly as the specification has it, and what it promises."""

import re
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from tests.deploy.dockerfile import read_steps
from tests.deploy.files import ROOT, SETTINGS, STOPPING_SECONDS

TEXT = (ROOT / "compose.yaml").read_text()
SERVICES: dict[str, Any] = yaml.safe_load(TEXT)["services"]


def test_it_is_what_the_specification_says() -> None:
    assert PyCompose.from_yaml(TEXT).service_names() == ["bot", "postgres"]
    with pytest.raises(ValueError, match="memry"):
        PyCompose.from_yaml(TEXT.replace("memory:", "memry:"))


@pytest.mark.parametrize("name", SERVICES)
def test_each_may_do_nothing_that_it_need_not(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["restart"] == "unless-stopped"
    image = [step.text for step in read_steps() if step.name == "USER"]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", service.get("user", *image))


def test_the_bot_waits_for_the_database_that_only_it_reaches() -> None:
    bot, postgres = SERVICES["bot"], SERVICES["postgres"]
    assert bot["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert "pg_isready" in postgres["healthcheck"]["test"]
    assert postgres["networks"] == ["database"]
    assert yaml.safe_load(TEXT)["networks"]["database"] == {"internal": True}
    assert "ports" not in postgres
    assert all(each.startswith("127.0.0.1:") for each in bot["ports"])
    assert re.fullmatch(r"postgres:\d+-\w+", postgres["image"])
    (volume,) = postgres["volumes"]
    assert volume.split(":")[0] in yaml.safe_load(TEXT)["volumes"]


def test_settings_are_settings_and_secrets_are_elsewhere() -> None:
    bot = SERVICES["bot"]
    assert set(bot["environment"]) <= SETTINGS
    assert bot["ports"] == [f"127.0.0.1:3000:{bot['environment']['PORT']}"], ".env may be one for a bot without Docker"
    assert bot["environment"]["HOST"] == "0.0.0.0"  # noqa: S104 - of its container
    assert bot["env_file"] == ".env"
    passwords = re.findall(r"(?:POSTGRES_PASSWORD: |samora:)(\S+)", TEXT.replace(" is missing", "_is_missing"))
    assert len(passwords) == 2
    assert all(each.startswith("${POSTGRES_PASSWORD:?") for each in passwords)


def test_it_is_given_the_time_that_it_needs_to_stop() -> None:
    assert int(SERVICES["bot"]["stop_grace_period"].removesuffix("s")) > STOPPING_SECONDS
