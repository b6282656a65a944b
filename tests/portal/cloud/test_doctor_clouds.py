"""What the doctor tells of a cloud without any credential."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from portal.cloud import breaker, doctor_checks
from portal.cloud.config import ConfigError
from portal.core import doctor_http
from portal.core.doctor import Finding, Plan
from portal.core.doctor_http import Answer

KEYSTONE = Answer(200, body='{"version": {"id": "v3.14"}}')
EXCHANGE = "/OS-FEDERATION/identity_providers/access/protocols/openid/auth"
BEARER = {"www-authenticate": 'Bearer realm="lab"'}
Answers = dict[str, Answer]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """What is answered, by how the address ends; Keystone where nothing else fits."""
    answers: Answers = {EXCHANGE: Answer(401, BEARER)}

    def ask(url: str, *, method: str = "GET", verify: Any = True) -> Answer:
        assert method == ("POST" if url.endswith("/auth") else "GET")
        return next(
            (found for end, found in answers.items() if url.partition("?")[0].endswith(end)), KEYSTONE
        )

    monkeypatch.setattr(doctor_http, "ask", ask)
    return answers


def found(plan: Plan | None = None) -> dict[str, Finding]:
    return {finding.name: finding for finding in doctor_checks.keystones(plan or Plan())}


def test_a_cloud_that_is_well_is_said_to_be(cloud: Answers) -> None:
    told = found()
    assert (told["Keystone"].level, told["sign-in by token"].level) == ("ok", "ok")
    assert told["Keystone"].under == "Cloud stub: Stub"
    assert told["regions"].says == "IU"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(0, trouble="no connection"),
        Answer(200, body="<html>a dashboard</html>"),
        Answer(200, body='{"version": {"id": "v2.0"}}'),
        Answer(200, body="[]"),
        Answer(503),
    ],
)
def test_what_is_no_keystone_is_broken_with_what_to_do(cloud: Answers, answer: Answer) -> None:
    cloud["/identity/v3"] = answer
    told = found()["Keystone"]
    assert told.level == "broken" and told.todo


def test_where_nothing_answers_nothing_more_is_tried(cloud: Answers) -> None:
    cloud["/identity/v3"] = Answer(0, trouble="its certificate is not trusted, or TLS fails")
    assert "sign-in by token" not in found()


@pytest.mark.parametrize(
    ("answer", "level", "words"),
    [
        (Answer(401, BEARER), "ok", "access token"),
        (Answer(401, body="<html>"), "ok", "401"),
        (Answer(401, body='{"error": {"code": 401}}'), "broken", "nobody takes the access token"),
        (Answer(404, body="{}"), "broken", "no such identity provider"),
        (Answer(500), "broken", "500"),
        (Answer(0, trouble="no connection"), "broken", "no connection"),
        (Answer(200), "degraded", "401 was to be expected"),
    ],
)
def test_the_exchange_is_judged_by_how_it_refuses(
    cloud: Answers, answer: Answer, level: str, words: str
) -> None:
    cloud[EXCHANGE] = answer
    told = found()["sign-in by token"]
    assert told.level == level and words in told.says


@pytest.fixture
def websso(monkeypatch: pytest.MonkeyPatch, cloud: Answers) -> Iterator[Answers]:
    [config] = doctor_checks.chosen(Plan())
    rules = config.portal.sign_in.model_copy(update={"methods": ("websso",)})
    changed = config.portal.model_copy(update={"sign_in": rules})
    monkeypatch.setattr(doctor_checks, "chosen", lambda plan: [_with(config, changed)])
    yield cloud


def _with(config: Any, portal: Any) -> Any:
    from dataclasses import replace

    return replace(config, portal=portal)


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        (Answer(302, {"location": "https://issuer/"}), "ok"),
        (Answer(401, body='{"error": {}}'), "broken"),
        (Answer(404), "broken"),
        (Answer(0, trouble="no answer in time"), "broken"),
        (Answer(200), "degraded"),
    ],
)
def test_sign_in_at_keystone_has_to_lead_on(websso: Answers, answer: Answer, level: str) -> None:
    websso["/websso/openid"] = answer
    told = found()
    assert told["sign-in at Keystone"].level == level
    assert "http://testserver/auth/websso/" in told["trusted dashboard"].says


@pytest.mark.parametrize(
    ("apart", "level"), [(0, "ok"), (30, "degraded"), (-30, "degraded"), (600, "broken"), (-600, "broken")]
)
def test_clocks_are_compared(cloud: Answers, apart: float, level: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=apart), usegmt=True)
    cloud["/identity/v3"] = Answer(200, {"date": date}, KEYSTONE.body)
    assert found()["clock"].level == level


@pytest.mark.parametrize("date", [{}, {"date": "yesterday"}])
def test_a_cloud_that_does_not_tell_its_time_is_not_judged(cloud: Answers, date: dict[str, str]) -> None:
    cloud["/identity/v3"] = Answer(200, date, KEYSTONE.body)
    assert found()["clock"].level == "note"


def test_services_that_do_not_answer_the_workers_are_named(cloud: Answers) -> None:
    for _ in range(breaker.FAILURES):
        breaker.failed(breaker.circuit("stub", "IU", "compute"))
    told = found()["Compute in IU"]
    assert told.level == "broken" and "since" in told.says


def test_without_the_network_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: Any, **options: Any) -> Answer:
        raise AssertionError("asked")

    monkeypatch.setattr(doctor_http, "ask", never)
    assert found(Plan(network=False))["Keystone"].level == "untried"


def test_one_cloud_can_be_chosen_and_must_exist(cloud: Answers) -> None:
    assert found(Plan(cloud="stub"))["Keystone"].level == "ok"
    check: Callable[[], Any] = lambda: found(Plan(cloud="other"))  # noqa: E731
    with pytest.raises(ConfigError, match="other"):
        check()
