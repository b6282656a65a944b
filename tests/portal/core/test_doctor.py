"""The doctor: what it says of the ground that every portal stands on, and how it says so."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError
from django.db.migrations.executor import MigrationExecutor
from pytest_django import Settings

from portal.core import doctor, doctor_checks, doctor_http, doctor_report, health
from portal.core.doctor import Finding, Group, Plan
from portal.core.errors import PortalError
from portal.core.health import Part

QUIET = Plan(network=False)
GROUP = Group(
    title="Things",
    findings=(
        doctor.ok("one", "works"),
        doctor.note("two", "by the way " * 20),
        doctor.degraded("three", "lame", "Mend it " * 20),
        doctor.untried("a name that is much longer than its column", "not now"),
    ),
)
BROKEN = Group(title="Worse", findings=(doctor.broken("four", "gone", "Buy another."),))


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """No probes but those of the test."""
    made: dict[str, Any] = {}
    monkeypatch.setattr(doctor, "_probes", made)
    monkeypatch.setattr(doctor, "autodiscover_modules", lambda *names: None)
    return made


def levels(findings: Iterator[Finding]) -> dict[str, str]:
    return {finding.name: finding.level for finding in findings}


def told(*groups: Group) -> str:
    return "\n".join(line for group in groups for line in doctor_report.lines(group))


def test_the_report_fits_eighty_columns() -> None:
    assert max(len(line) for line in told(GROUP, BROKEN).splitlines()) <= 80
    assert max(len(line) for line in doctor_report.KEY.splitlines()) <= 80


def test_addresses_stay_whole_to_be_copied() -> None:
    url = "https://portal.example.org/accounts/oidc/cilogon/login/callback/which/is/long/indeed"
    assert url in told(Group(title="x", findings=(doctor.note("callback", f"register {url}"),)))


def test_every_finding_is_told_with_what_to_do() -> None:
    text = " ".join(told(GROUP, BROKEN).split())
    assert "! three lame -> Mend it" in text
    assert "XX four gone -> Buy another." in text
    assert doctor_report.summary([GROUP, BROKEN]) == "1 ok, 1 to know, 1 degraded, 1 broken, 1 not tried"


@pytest.mark.parametrize(
    ("groups", "strict", "status"),
    [
        ([], False, 0),
        ([GROUP], False, 0),
        ([GROUP], True, 1),
        ([GROUP, BROKEN], False, 2),
        ([GROUP, BROKEN], True, 2),
    ],
)
def test_the_exit_status_says_how_it_is(groups: list[Group], strict: bool, status: int) -> None:
    assert doctor_report.status(groups, strict=strict) == status


def test_programs_read_the_same_as_people() -> None:
    found = json.loads(doctor_report.as_json([GROUP, BROKEN], strict=True))
    assert found["status"] == 2
    assert found["summary"] == {"ok": 1, "note": 1, "degraded": 1, "untried": 1, "broken": 1}
    assert found["groups"][1]["findings"] == [
        {"name": "four", "level": "broken", "says": "gone", "todo": "Buy another."}
    ]


def test_groups_come_in_their_order_and_empty_ones_do_not(probes: dict[str, Any]) -> None:
    doctor.probe("second", place=2)(lambda plan: [doctor.ok("b", "")])
    first = doctor.probe("first", place=1)
    first(_named("one", [doctor.ok("a", "")]))
    doctor.probe("never", place=0)(_named("none", []))
    assert [group.title for group in doctor.examine(QUIET)] == ["first", "second"]


def _named(name: str, findings: list[Finding]) -> Any:
    def function(plan: Plan) -> list[Finding]:
        return findings

    function.__qualname__ = name
    return function


def test_one_probe_may_tell_of_several_things(probes: dict[str, Any]) -> None:
    findings = [*doctor.under("A", [doctor.ok("x", "")]), *doctor.under("B", [doctor.ok("y", "")])]
    doctor.probe("Clouds", place=1)(_named("clouds", findings))
    assert [group.title for group in doctor.examine(QUIET)] == ["A", "B"]


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (DatabaseError("no such table"), "untried"),
        (OSError("no route"), "untried"),
        (PortalError("portal:broken"), "broken"),
    ],
)
def test_a_probe_that_is_stopped_is_itself_a_finding(
    probes: dict[str, Any], error: Exception, level: str
) -> None:
    def stopped(plan: Plan) -> Iterator[Finding]:
        yield doctor.ok("begun", "")
        raise error

    doctor.probe("x", place=1)(stopped)
    [group] = doctor.examine(QUIET)
    assert [finding.level for finding in group.findings] == ["ok", level]


def test_what_strangers_say_is_made_printable() -> None:
    assert doctor.clean("a\x1b[31mred\nline" + "x" * 500, 20) == "a [31mred linexxxxx…"


@pytest.mark.parametrize(
    ("changes", "name", "level"),
    [
        ({}, "SITE_URL", "ok"),
        ({"ALLOWED_HOSTS": ["other.example"]}, "ALLOWED_HOSTS", "broken"),
        ({"ALLOWED_HOSTS": ["*"]}, "ALLOWED_HOSTS", "degraded"),
        ({"SITE_URL": "portal.example"}, "SITE_URL", "broken"),
        ({"DEVELOPMENT": True}, "DEVELOPMENT", "note"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY", "broken"),
        ({"SEAL_KEYS": ["s" * 40]}, "SEAL_KEYS", "degraded"),
        ({"SEAL_KEYS": ["k" * 40, "l" * 40]}, "SEAL_KEYS", "note"),
        ({"SEAL_KEYS": ["k" * 40]}, "SEAL_KEYS", "ok"),
        ({"DEBUG": True}, "DEBUG", "broken"),
    ],
)
def test_settings_that_would_harm_are_named(
    settings: Settings, changes: dict[str, Any], name: str, level: str
) -> None:
    wanted = {
        "DEVELOPMENT": False,
        "SECRET_KEY": "s" * 40,
        "SEAL_KEYS": ["k" * 40],
        "SITE_URL": "https://portal.example",
        "ALLOWED_HOSTS": ["portal.example"],
        **changes,
    }
    for key, value in wanted.items():
        setattr(settings, key, value)
    found = levels(iter(doctor_checks.settings_are_sane(QUIET)))
    assert found[name] == level


def test_no_key_is_ever_shown(settings: Settings) -> None:
    settings.DEVELOPMENT, settings.SECRET_KEY = False, "a-very-secret-key"
    settings.SEAL_KEYS = ["a-very-secret-key", "another-secret-key"]
    text = told(Group(title="", findings=tuple(doctor_checks.settings_are_sane(QUIET))))
    assert "very-secret" not in text and "another-secret" not in text


@pytest.mark.django_db
def test_a_database_that_works_is_said_to(settings: Settings) -> None:
    found = levels(iter(doctor_checks.database(QUIET)))
    assert found["connection"] == "ok"


@pytest.mark.django_db
def test_migrations_that_wait_are_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Step:
        app_label, name = "core", "0007_later"

    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *args: [(Step(), False)])
    [found] = [one for one in doctor_checks.database(QUIET) if one.name == "migrations"]
    assert (found.level, found.says) == ("broken", "1 not applied: core.0007_later")


def test_redis_is_asked_and_hears_itself() -> None:
    assert levels(iter(doctor_checks.redis(QUIET))) == {"version": "ok", "publish, subscribe": "ok"}


@pytest.mark.django_db
def test_a_redis_that_is_away_is_told_with_what_that_means(redis_of_this_run: Any) -> None:
    redis_of_this_run.stop()
    try:
        [away] = doctor_checks.redis(QUIET)
        assert away.level == "broken" and "no live pages" in away.says
        found = levels(iter(doctor_checks.workers(QUIET)))
        assert (found["workers"], found["beat"]) == ("untried", "untried")
    finally:
        redis_of_this_run.start()


@pytest.mark.django_db
def test_workers_that_do_not_run_are_told_with_how_to_start_them() -> None:
    found = {finding.name: finding for finding in doctor_checks.workers(QUIET)}
    assert (found["workers"].level, found["beat"].level) == ("broken", "broken")
    assert "celery -A portal beat" in found["beat"].todo
    assert found["queues"].level == "ok"


def test_workers_that_run_are_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "parts_of", lambda *names: [Part(name, True, "2 running") for name in names])
    found = levels(iter(doctor_checks.workers(QUIET)))
    assert {found["workers"], found["beat"], found["operations"]} == {"ok"}


def test_files_that_were_not_collected_are_told(settings: Settings, tmp_path: Path) -> None:
    backend = "servestatic.storage.CompressedManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}
    settings.STATIC_ROOT = tmp_path
    assert levels(iter(doctor_checks.static_files(QUIET)))["collected"] == "broken"
    (tmp_path / "staticfiles.json").write_text('{"paths": {"a.css": "a.1.css"}}')
    assert levels(iter(doctor_checks.static_files(QUIET)))["collected"] == "ok"


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        (doctor_http.Answer(200), "ok"),
        (doctor_http.Answer(502), "broken"),
        (doctor_http.Answer(0, trouble="no connection"), "degraded"),
    ],
)
def test_the_portals_own_address_is_tried(
    monkeypatch: pytest.MonkeyPatch, answer: doctor_http.Answer, level: str
) -> None:
    monkeypatch.setattr(doctor_http, "ask", lambda url: answer)
    assert levels(iter(doctor_checks.own_address(Plan()))) == {"web": level}
    assert levels(iter(doctor_checks.own_address(QUIET))) == {"web": "untried"}


def test_a_server_that_is_not_there_is_no_error() -> None:
    answer = doctor_http.ask("http://127.0.0.1:9/")
    assert (answer.status, answer.trouble, answer.json) == (0, "no connection", None)


@pytest.mark.django_db
def test_the_command_examines_everything_without_the_network(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--no-network", "--json")
    assert ended.value.code == 2  # no workers run
    found = json.loads(capsys.readouterr().out)
    titles = [group["title"] for group in found["groups"]]
    assert titles[:3] == ["Settings", "Database", "Redis"]
    assert "Sign-in to the portal" in titles
    assert any(title.startswith("Cloud demo") for title in titles)


@pytest.mark.django_db
def test_a_cloud_that_does_not_exist_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("doctor", "--no-network", "--cloud", "nowhere")
    assert "No cloud is called 'nowhere'" in " ".join(capsys.readouterr().out.split())
