"""The report as a file: complete, and harmless in a spreadsheet."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import AsyncClient, Client

from allocations.models import Allocation
from allocations.reports.query import ReportQuery
from allocations.reports.tabular import usage_rows
from portal.accounts.models import User
from tests.allocations.reports.ledger_rows import spend

TODAY = datetime(2026, 11, 21, tzinfo=UTC).date()


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def fetched(user: User, path: str) -> list[dict[str, str]]:
    client = Client()
    client.force_login(user)
    answer = client.get(path)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    return rows_of(answer.getvalue().decode())


def test_each_machine_and_day_is_a_row(allocation: Allocation, pi: User, member: User) -> None:
    spend(allocation, member, date(2026, 11, 2), "1.234567", "blast")
    spend(allocation, member, date(2026, 11, 3), "2", "blast")
    found = fetched(pi, f"/allocations/{allocation.slug}/usage.csv?from=2026-11-01&to=2026-11-05&every=day")
    assert [(row["from"], row["to"], row["SU"]) for row in found] == [
        ("2026-11-02", "2026-11-02", "1.234567"),
        ("2026-11-03", "2026-11-03", "2.000000"),
    ]
    assert found[0]["person"] == "Bob" and found[0]["machine"] == "blast"
    assert (found[0]["size"], found[0]["size group"], found[0]["resource"]) == (
        "m3.quad",
        "General purpose",
        "CPU",
    )


@pytest.mark.parametrize("every", ["day", "week", "month"])
def test_a_year_has_no_stretch_twice_and_loses_nothing(allocation: Allocation, pi: User, every: str) -> None:
    for number in range(0, 365, 5):
        spend(allocation, pi, date.fromordinal(date(2025, 12, 1).toordinal() + number), 1)
    setattr(allocation, "role_of_viewer", "pi")  # noqa: B010
    query = ReportQuery.read({"from": "2025-12-01", "to": "2026-11-30", "every": every})
    found = list(usage_rows(allocation, pi, query, TODAY))
    assert sum(Decimal(str(row[8])) for row in found) == 73
    starts = [row[0] for row in found]
    assert len(starts) == len(set(starts)) and starts == sorted(str(start) for start in starts)
    assert all(str(row[0]) <= str(row[1]) for row in found)


def test_filters_hold_for_the_file_too(allocation: Allocation, pi: User, member: User) -> None:
    spend(allocation, member, date(2026, 11, 2), 1)
    spend(allocation, pi, date(2026, 11, 2), 2, "other", resource="gpu")
    base = f"/allocations/{allocation.slug}/usage.csv?from=2026-11-01&to=2026-11-05"
    assert [row["person"] for row in fetched(pi, f"{base}&person={member.pk}")] == ["Bob"]
    assert [row["person"] for row in fetched(pi, f"{base}&resource=gpu")] == ["Alice"]


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)", "\tx", " =1", "＝1"])
def test_no_name_is_a_formula(allocation: Allocation, pi: User, name: str) -> None:
    spend(allocation, name, date(2026, 11, 2), "-1", name, flavor=name)
    [row] = fetched(pi, f"/allocations/{allocation.slug}/usage.csv?from=2026-11-01&to=2026-11-05")
    for column in ("person", "machine", "size"):
        assert row[column].startswith("'"), row
    assert row["SU"] == "-1.000000"


@pytest.mark.django_db(transaction=True)
async def test_over_asgi_it_is_sent_as_it_is_read(allocation: Allocation, pi: User) -> None:
    from asgiref.sync import sync_to_async

    await sync_to_async(spend)(allocation, pi, date(2026, 11, 2), 5)
    client = AsyncClient()
    await sync_to_async(client.force_login)(pi)
    answer = await client.get(f"/allocations/{allocation.slug}/usage.csv?from=2026-11-01&to=2026-11-05")
    pieces = [piece async for piece in answer]  # type: ignore[attr-defined]
    assert rows_of(b"".join(pieces).decode())[0]["SU"] == "5.000000"
