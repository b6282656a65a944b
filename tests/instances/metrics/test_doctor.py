"""Where guests send their samples, as the doctor sees it."""

import pytest
from pytest_django import Settings

from instances.metrics import doctor_checks
from portal.core import doctor_http
from portal.core.doctor import Plan
from portal.core.doctor_http import Answer


def levels(plan: Plan | None = None) -> dict[str, str]:
    return {found.name: found.level for found in doctor_checks.push(plan or Plan())}


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        (Answer(401), "ok"),
        (Answer(404), "broken"),
        (Answer(502), "broken"),
        (Answer(200), "broken"),
        (Answer(0, trouble="no connection"), "degraded"),
    ],
)
def test_the_address_is_judged_by_how_it_refuses(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, level: str
) -> None:
    monkeypatch.setattr(doctor_http, "ask", lambda url, method: answer)
    assert levels()["push"] == level


def test_without_an_address_graphs_come_from_the_console(settings: Settings) -> None:
    settings.METRICS_PUSH_URL = ""
    assert levels() == {"METRICS_PUSH_URL": "note"}


def test_an_address_that_only_this_machine_knows_is_no_use_to_real_clouds(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.METRICS_PUSH_URL = "http://127.0.0.1:8000/metrics/push"
    assert "METRICS_PUSH_URL" not in levels(Plan(network=False))
    monkeypatch.setenv("DEMO_AUTH_URL", "https://cloud.example.edu:5000/v3")
    from portal.cloud.config import clouds

    clouds.cache_clear()
    try:
        assert levels(Plan(network=False)) == {"METRICS_PUSH_URL": "degraded", "push": "untried"}
    finally:
        monkeypatch.undo()
        clouds.cache_clear()
