"""deploy/kubernetes: judged by Kubernetes' own schemas, and what it promises."""

import shutil
import subprocess
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bot import __version__
from bot.storage.migrate import _LONGEST_SECONDS
from tests.deploy.dockerfile import read_steps
from tests.deploy.files import ROOT, SECRETS, SETTINGS, STOPPING_SECONDS

FOLDER = ROOT / "deploy/kubernetes"
FILES = {path.name: yaml.safe_load(path.read_text()) for path in FOLDER.glob("*.yaml")}
KUSTOMIZATION = FILES.pop("kustomization.yaml")
BY_KIND: dict[str, Any] = {each["kind"]: each for each in FILES.values()}
DEPLOYMENT = BY_KIND["Deployment"]["spec"]
POD = DEPLOYMENT["template"]["spec"]
(BOT,) = POD["containers"]
LABELS = {"app.kubernetes.io/name": "samora-bot"}


@pytest.mark.parametrize("version", ["1.30", "1.34", "1.37"])
@pytest.mark.parametrize("name", FILES)
def test_it_is_what_kubernetes_takes(name: str, version: str) -> None:
    assert kubernetes_validate.validate(FILES[name], version, strict=True) == version


def test_the_judge_finds_what_it_should() -> None:
    wrong = {**BY_KIND["Service"], "spec": {"prots": []}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.37", strict=True)


def test_all_is_applied_but_the_example_of_a_secret() -> None:
    assert set(KUSTOMIZATION["resources"]) == set(FILES) - {"secret.example.yaml"}
    (image,) = KUSTOMIZATION["images"]
    assert (image["name"], image["newTag"]) == (BOT["image"], __version__)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl isn't here")
def test_kustomize_puts_it_together() -> None:
    done = subprocess.run(["kubectl", "kustomize", str(FOLDER)], capture_output=True, text=True, check=True)
    made = list(yaml.safe_load_all(done.stdout))
    assert len(made) == len(KUSTOMIZATION["resources"])
    for each in made:
        kubernetes_validate.validate(each, "1.37", strict=True)
    (deployment,) = [each for each in made if each["kind"] == "Deployment"]
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == f"samora-bot:{__version__}"


def test_everything_means_the_same_pods() -> None:
    assert DEPLOYMENT["template"]["metadata"]["labels"] == LABELS
    assert DEPLOYMENT["selector"]["matchLabels"] == LABELS
    assert BY_KIND["Service"]["spec"]["selector"] == LABELS
    assert BY_KIND["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == LABELS
    assert BY_KIND["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == LABELS
    assert [each["labelSelector"]["matchLabels"] for each in POD["topologySpreadConstraints"]] == [LABELS] * 2
    assert {each["metadata"]["name"] for each in FILES.values()} == {"samora-bot"}
    assert POD["serviceAccountName"] == "samora-bot"
    assert [next(iter(each.values())) for each in BOT["envFrom"]] == [{"name": "samora-bot"}] * 2
    annotations = DEPLOYMENT["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(BOT["ports"][0]["containerPort"])


def test_no_replica_starts_with_a_database_of_its_own() -> None:
    (needed,) = BOT["env"]
    assert needed["name"] == "DATABASE_URL"
    assert needed["valueFrom"] == {"secretKeyRef": {"name": "samora-bot", "key": "DATABASE_URL"}}


def test_what_the_probes_ask_stands_whatever_the_secret_holds() -> None:
    assert [next(iter(each)) for each in BOT["envFrom"]] == ["secretRef", "configMapRef"], "the later one wins"
    assert {"HOST", "PORT"} <= set(BY_KIND["ConfigMap"]["data"])


def test_pods_are_restricted_and_have_no_token() -> None:
    assert POD["automountServiceAccountToken"] is False
    assert BY_KIND["ServiceAccount"]["automountServiceAccountToken"] is False
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (user,) = (step.text for step in read_steps() if step.name == "USER")
    assert f"{POD['securityContext']['runAsUser']}:{POD['securityContext']['runAsGroup']}" == user
    assert BOT["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(POD)
    assert {"memory"} <= set(BOT["resources"]["limits"])
    assert {"cpu", "memory"} <= set(BOT["resources"]["requests"])


def test_one_replica_is_always_there() -> None:
    assert DEPLOYMENT["replicas"] == 2
    assert DEPLOYMENT["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert BY_KIND["PodDisruptionBudget"]["spec"]["minAvailable"] == 1


def test_it_is_given_the_time_that_it_needs() -> None:
    before = BOT["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert POD["terminationGracePeriodSeconds"] > before + STOPPING_SECONDS
    startup = BOT["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= _LONGEST_SECONDS, "migrating may take so long"
    assert DEPLOYMENT["progressDeadlineSeconds"] > startup["periodSeconds"] * startup["failureThreshold"]


def test_probes_ask_what_they_are_for() -> None:
    paths = {name: BOT[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    port = BOT["ports"][0]
    assert {BOT[name]["httpGet"]["port"] for name in paths} == {port["name"]}
    assert BY_KIND["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    assert BY_KIND["ConfigMap"]["data"]["PORT"] == str(port["containerPort"])


def test_the_network_lets_through_what_is_needed_and_no_more() -> None:
    policy = BY_KIND["NetworkPolicy"]["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert [port["port"] for rule in policy["ingress"] for port in rule["ports"]] == [BOT["ports"][0]["containerPort"]]
    outgoing = {(port["port"], port["protocol"]) for rule in policy["egress"] for port in rule["ports"]}
    assert outgoing == {(53, "UDP"), (53, "TCP"), (443, "TCP"), (5432, "TCP")}


def test_settings_are_settings_and_the_secret_holds_none() -> None:
    config, secret = BY_KIND["ConfigMap"]["data"], BY_KIND["Secret"]["stringData"]
    assert set(config) <= SETTINGS - SECRETS
    assert set(secret) == SECRETS
    assert set(secret.values()) == {""}
