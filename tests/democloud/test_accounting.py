from __future__ import annotations

from datetime import date, timedelta

from tests.democloud.cloud import Cloud, Person

RESOURCE = "jetstream2.indiana.xsede.org"


async def test_the_tokens_project_decides_the_answer(cloud: Cloud, alice: Person, carol: Person) -> None:
    mine, theirs = (await alice.get("/accounting")).json(), (await carol.get("/accounting")).json()
    assert {row["resource"] for row in mine} > {row["resource"] for row in theirs}
    assert {row["description"] for row in mine}.isdisjoint({row["description"] for row in theirs})


async def test_rows_have_jetstreams_fields_and_types(alice: Person) -> None:
    rows = (await alice.get("/accounting/")).json()
    (now,) = [row for row in rows if row["resource"] == RESOURCE and row["active"] == 1]
    assert set(now) == {
        "description",
        "abstract",
        "service_units_allocated",
        "service_units_used",
        "start_date",
        "end_date",
        "resource",
        "active",
    }
    assert 0 < now["service_units_used"] < now["service_units_allocated"]
    assert date.fromisoformat(now["start_date"]) < date.fromisoformat(now["end_date"])


async def test_a_past_period_is_there_and_not_active(alice: Person) -> None:
    rows = [row for row in (await alice.get("/accounting")).json() if row["resource"] == RESOURCE]
    past, now = sorted(rows, key=lambda row: row["start_date"])
    assert (past["active"], now["active"]) == (0, 1)
    assert date.fromisoformat(past["end_date"]) < date.fromisoformat(now["start_date"])


async def test_one_project_is_nearly_used_up_and_ends_soon(cloud: Cloud) -> None:
    bob = await cloud.login("bob", "PHY220011")
    rows = [row for row in (await bob.get("/accounting")).json() if row["resource"] == RESOURCE]
    now = next(row for row in rows if row["active"] == 1)
    assert now["service_units_used"] / now["service_units_allocated"] > 0.95
    assert date.fromisoformat(now["end_date"]) - cloud.world.now().date() == timedelta(days=9)


async def test_used_may_be_unknown(cloud: Cloud, alice: Person) -> None:
    for row in cloud.region.data.accounting:
        row.service_units_used = None
    assert all(row["service_units_used"] is None for row in (await alice.get("/accounting")).json())


async def test_without_a_token_there_is_no_answer(cloud: Cloud) -> None:
    assert (await cloud.http.get("/accounting")).status_code == 401
