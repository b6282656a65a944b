"""The usage report of an allocation: what is in it, and who sees what."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from allocations import accrual
from allocations.models import Allocation
from allocations.reports.query import ReportQuery
from allocations.reports.report import Report, report_of
from portal.accounts.models import User
from portal.core.models import AuditEvent
from tests.allocations.reports.ledger_rows import spend

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
TODAY = NOW.date()
PERIOD = {"period": "days", "from": "2026-11-01", "to": "2026-11-21"}
ADDRESS = "?period=days&from=2026-11-01&to=2026-11-21"


@pytest.fixture
def spent(allocation: Allocation, pi: User, member: User, colleague: User) -> Allocation:
    allocation = with_role(allocation, "pi")
    spend(allocation, pi, date(2026, 11, 2), "10", "alice-one")
    spend(allocation, member, date(2026, 11, 2), "30.5", "bob-one")
    spend(allocation, member, date(2026, 11, 10), "20", "bob-gpu", flavor="g3.medium", resource="gpu")
    spend(allocation, colleague, date(2026, 11, 10), "5", "colin-one", flavor="m3.small")
    spend(allocation, "horizon-user", date(2026, 11, 11), "4.5", "outside")
    spend(allocation, member, date(2026, 10, 31), "1000", "bob-one")
    return allocation


def with_role(allocation: Allocation, role: str) -> Allocation:
    setattr(allocation, "role_of_viewer", role)  # noqa: B010
    return allocation


def report(allocation: Allocation, viewer: User, **params: str) -> Report:
    return report_of(allocation, viewer, ReportQuery.read({**PERIOD, **params}), NOW)


def named(found: Report) -> dict[str, Decimal]:
    return {row.name: row.su for row in found.rows}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_report_by_person_has_everybody_who_spent_in_the_period(spent: Allocation, pi: User) -> None:
    found = report(spent, pi)
    assert named(found) == {
        "Bob": Decimal("50.5"),
        "Alice": Decimal(10),
        "Colin": Decimal(5),
        "horizon-user": Decimal("4.5"),
    }
    assert found.total == Decimal(70)
    assert found.rows[0].share == Decimal("72.1")


def test_shares_are_of_what_is_shown(spent: Allocation, pi: User) -> None:
    found = report(spent, pi, resource="cpu")
    assert found.total == Decimal(50)
    assert sum(row.share for row in found.rows) == Decimal("100.0")
    assert found.share == Decimal("71.4")


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("machine", {"bob-one", "bob-gpu", "alice-one", "colin-one", "outside"}),
        ("size", {"General purpose", "GPU (share of an A100)"}),
        ("resource", {"CPU", "GPU"}),
    ],
)
def test_the_same_total_by_whatever_it_is_asked_for(
    spent: Allocation, pi: User, by: str, names: set[str]
) -> None:
    found = report(spent, pi, by=by)
    assert set(named(found)) == names
    assert found.total == Decimal(70)
    assert sum((band.total for band in found.bands), Decimal(0)) == Decimal(70)


def test_from_a_person_one_gets_to_their_machines(spent: Allocation, pi: User, member: User) -> None:
    bob = next(row for row in report(spent, pi).rows if row.name == "Bob")
    assert f"person={member.pk}" in bob.url and "by=machine" in bob.url
    found = report(spent, pi, by="machine", person=str(member.pk))
    assert named(found) == {"bob-one": Decimal("30.5"), "bob-gpu": Decimal(20)}
    assert {row.detail for row in found.rows} == {"Bob"}


def test_the_bars_are_days_weeks_or_months(spent: Allocation, pi: User) -> None:
    assert len(report(spent, pi, every="day").stretches) == 21
    assert report(spent, pi, every="week").stretches[0] == date(2026, 10, 26)
    months = report(spent, pi, every="month")
    assert [sum(band.su) for band in months.bands] == [Decimal("50.5"), 10, 5, Decimal("4.5")]


def test_what_the_provider_counted_and_no_machine_explains_is_a_line_of_its_own(
    spent: Allocation, pi: User
) -> None:
    spend(spent, "", date(2026, 11, 12), "-3", machine="", flavor="", kind="provider", instance_name="")
    found = named(report(spent, pi))
    assert found["Difference to the provider's figure"] == Decimal(-3)
    assert "Difference to the provider's figure" in named(report(spent, pi, by="machine"))


def test_a_machine_has_a_link_where_the_portal_has_a_page_of_it(
    spent: Allocation, pi: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ran before the portal came is in the ledger under the cloud's id, and has no page here."""
    known, old = str(uuid4()), str(uuid4())
    spend(spent, pi, date(2026, 11, 3), 1, "here", instance_id=known)
    spend(spent, pi, date(2026, 11, 3), 1, "long-gone", instance_id=old)
    monkeypatch.setattr("allocations.accrual.names", lambda ids: {known: "here"} if known in ids else {})
    links = {row.name: row.machine for row in report(spent, pi, by="machine").rows}
    assert links["here"] == f"/instances/{known}/"
    assert links["long-gone"] == ""


def test_storage_is_not_added_to_what_machines_spent(spent: Allocation, pi: User) -> None:
    spend(spent, "", date(2026, 11, 12), "9999", machine="", flavor="", kind="provider", resource="storage")
    assert report(spent, pi).total == Decimal(70)
    assert [one.value for one in report(spent, pi).resources] == ["cpu", "gpu"]


# Who sees what -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["member", "ta", "reader"])
def test_members_see_everybody_unless_the_pi_hides_it(spent: Allocation, member: User, role: str) -> None:
    assert "Alice" in named(report(with_role(spent, role), member))


@pytest.mark.parametrize("role", ["member", "ta", "reader"])
def test_hidden_it_is_their_own_line_and_the_sum_of_the_others(
    spent: Allocation, member: User, role: str
) -> None:
    spent.spending_shown = False
    found = report(with_role(spent, role), member)
    assert named(found) == {"Bob": Decimal("50.5"), "Others": Decimal("19.5")}
    assert found.own_only
    machines = named(report(spent, member, by="machine"))
    assert machines == {
        "bob-one": Decimal("30.5"),
        "bob-gpu": Decimal(20),
        "Machines of others": Decimal("19.5"),
    }


def test_hidden_a_question_about_somebody_else_has_no_answer(
    spent: Allocation, member: User, pi: User
) -> None:
    spent.spending_shown = False
    found = report(with_role(spent, "member"), member, by="machine", person=str(pi.pk))
    assert not found.rows and found.total == 0


@pytest.mark.parametrize("role", ["pi", "co_pi", "manager"])
def test_hidden_from_members_it_is_not_hidden_from_who_manages(
    spent: Allocation, member: User, role: str
) -> None:
    spent.spending_shown = False
    assert "Alice" in named(report(with_role(spent, role), member))


def test_operators_see_everybody(spent: Allocation, operator: User) -> None:
    spent.spending_shown = False
    assert "Alice" in named(report(with_role(spent, "reader"), operator))


def test_hidden_no_page_file_or_answer_names_another(
    spent: Allocation, member: User, pi: User, colleague: User
) -> None:
    Allocation.objects.filter(pk=spent.pk).update(spending_shown=False)
    client = signed_in(member)
    for path in (
        f"/allocations/{spent.slug}/usage/{ADDRESS}",
        f"/allocations/{spent.slug}/usage/{ADDRESS}&by=machine",
        f"/allocations/{spent.slug}/usage.csv{ADDRESS}",
        f"/api/v1/allocations/{spent.slug}/usage{ADDRESS}&by=machine",
        f"/api/v1/allocations/{spent.slug}/usage.csv{ADDRESS}",
    ):
        text = client.get(path).getvalue().decode()
        assert "bob" in text.lower(), path
        assert "Colin" not in text and "colin-one" not in text and "alice-one" not in text, path


def test_the_switch_is_written_down_with_before_and_after(spent: Allocation, pi: User) -> None:
    client = signed_in(pi)
    answer = client.post(f"/allocations/{spent.slug}/usage/shown/", {"shown": "0"})
    assert answer.status_code == 302
    spent.refresh_from_db()
    assert spent.spending_shown is False
    event = AuditEvent.objects.get(action="allocation.spending_shown")
    assert (event.scope, event.actor_id) == (f"allocation.{spent.pk}", str(pi.pk))
    assert event.detail == {"before": True, "after": False}
    client.post(f"/allocations/{spent.slug}/usage/shown/", {"shown": "0"})
    assert AuditEvent.objects.filter(action="allocation.spending_shown").count() == 1


@pytest.mark.parametrize("who", ["member", "assistant", "operator", "stranger"])
def test_nobody_else_turns_the_switch(spent: Allocation, who: str, request: pytest.FixtureRequest) -> None:
    client = signed_in(request.getfixturevalue(who))
    answer = client.post(f"/allocations/{spent.slug}/usage/shown/", {"shown": "0"})
    assert answer.status_code in {403, 404}
    spent.refresh_from_db()
    assert spent.spending_shown is True


# The page ------------------------------------------------------------------------------------------------------------


def test_the_page_says_unit_days_and_how_to_keep_it(spent: Allocation, pi: User) -> None:
    page = signed_in(pi).get(f"/allocations/{spent.slug}/usage/{ADDRESS}").content.decode()
    assert "70 SU" in page and "1 November 2026 to 21 November 2026" in page
    assert "usage-figure" in page and "Figures of the chart as a table" in page
    assert f"/allocations/{spent.slug}/usage.csv?period=days" in page


def test_htmx_gets_the_part_and_an_address_without_empty_fields(spent: Allocation, pi: User) -> None:
    answer = signed_in(pi).get(
        f"/allocations/{spent.slug}/usage/{ADDRESS}&person=&resource=&by=person",
        headers={"HX-Request": "true"},
    )
    assert b"<html" not in answer.content
    assert answer.headers["HX-Push-Url"] == f"/allocations/{spent.slug}/usage/{ADDRESS}"


@pytest.mark.parametrize("by", ["person", "machine", "size", "resource"])
def test_a_name_is_text_whatever_is_in_it(spent: Allocation, pi: User, by: str) -> None:
    spend(spent, "<img src=x>", date(2026, 11, 3), 1, "<script>alert(1)</script>", flavor="<b>")
    page = signed_in(pi).get(f"/allocations/{spent.slug}/usage/{ADDRESS}&by={by}").content.decode()
    assert "<script>alert" not in page and "<img src=x>" not in page and "<b>" not in page


@pytest.mark.parametrize(
    "address", ["?by='&sort=%00&person=%00&every=x&from=9999-99-99", "?period=grant&resource=gold"]
)
def test_an_address_that_makes_no_sense_is_a_report_all_the_same(
    spent: Allocation, pi: User, address: str
) -> None:
    assert signed_in(pi).get(f"/allocations/{spent.slug}/usage/{address}").status_code == 200


def test_machines_without_a_rate_are_named(
    spent: Allocation, pi: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = accrual.Unpriced(spent.pk, "p3.odd", 2)
    monkeypatch.setattr(accrual, "unpriced", lambda ids: [odd] if spent.pk in ids else [])
    page = signed_in(pi).get(f"/allocations/{spent.slug}/usage/{ADDRESS}").content.decode()
    assert "2 machines of size p3.odd have no rate and are not charged here" in page


def test_nothing_spent_is_said(allocation: Allocation, pi: User) -> None:
    assert b"Nothing was spent" in signed_in(pi).get(f"/allocations/{allocation.slug}/usage/").content


@pytest.mark.parametrize("by", ["person", "machine", "size", "resource"])
def test_queries_do_not_grow_with_machines_or_people(allocation: Allocation, pi: User, by: str) -> None:
    client, counts = signed_in(pi), []
    month = timezone.now().date().replace(day=1)
    for number in (1, 20, 300):
        for one in range(number):
            spend(allocation, f"user-{one}", month, 1, f"machine-{number}-{one}", flavor=f"m3.{one}")
        client.get(f"/allocations/{allocation.slug}/usage/?by={by}")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/allocations/{allocation.slug}/usage/?by={by}")
        counts.append(len(queries))
    assert len(set(counts)) == 1, counts


def test_days_to_come_have_no_bar(spent: Allocation, pi: User) -> None:
    found = report(spent, pi, to=(TODAY + timedelta(days=30)).isoformat(), every="day")
    assert found.stretches[-1] == TODAY
