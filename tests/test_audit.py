"""The audit of what is locked: what is known fails it, and what could not be asked is said."""

from tests.audit import verdict

FINE = {"name": "httpx", "version": "0.28.1", "vulns": []}
FLAWED = {"name": "idna", "version": "3.6", "vulns": [{"id": "PYSEC-2024-60", "fix_versions": ["3.7"]}]}
SKIPPED = {"name": "yarl", "skip_reason": "Dependency not found and could not be audited"}


def test_nothing_known_passes_and_says_of_how_many() -> None:
    assert verdict("a.lock", [FINE, FINE]) == (["a.lock: no vulnerability is known of 2 packages"], 0)


def test_a_known_vulnerability_fails_and_names_the_mended_version() -> None:
    assert verdict("a.lock", [FINE, FLAWED]) == (["a.lock: idna 3.6 has PYSEC-2024-60, mended in 3.7"], 1)


def test_what_could_not_be_asked_is_said_and_is_no_pass_without_a_word() -> None:
    lines, code = verdict("a.lock", [FINE, SKIPPED])
    assert lines == ["a.lock: NOT AUDITED, as nobody could be asked: 1 of 2 packages"]
    assert code == 0
    assert verdict("a.lock", [FLAWED, SKIPPED])[1] == 1
