"""The operators' list: found, filtered, counted, sorted, paged, and for operators only."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from allocations.models import Allocation
from allocations.reports.health import NAMES
from allocations.reports.models import AllocationHealth
from allocations.reports.overall import PAGE_SIZE, OverallQuery, everything, overall
from portal.accounts.models import User
from tests.cast import make_allocation

pytestmark = pytest.mark.django_db


def stand(name: str, **fields: object) -> Allocation:
    """An allocation and how it stands; `of_` fields are the allocation's."""
    of = {key.removeprefix("of_"): value for key, value in fields.items() if key.startswith("of_")}
    rest = {key: value for key, value in fields.items() if not key.startswith("of_")}
    made = make_allocation(name, **of)
    wrong = [key for key in NAMES if rest.get(key)]
    now = timezone.now()
    AllocationHealth.objects.create(
        allocation=made, **{"ran_at": now, "at": now, "troubles": len(wrong), **rest}
    )
    return made


@pytest.fixture
def some(db: None) -> None:
    stand(
        "BIO1", over=True, used_percent=Decimal("120.5"), resource="cpu", burn=Decimal(3), of_pi_name="Alice"
    )
    stand("BIO2", ending=True, quota=True, ends_on=timezone.now().date() + timedelta(days=5))
    stand("PHY1", of_title="Dark matter, 50 % of it", used_percent=Decimal(10), resource="gpu")
    stand("PHY2", idle=True, of_cloud="demo", of_region="TACC")


def names(**params: str) -> list[str]:
    return [row.allocation.project_name for row in overall(OverallQuery.read(params)).rows]


def test_those_with_most_troubles_come_first(some: None) -> None:
    assert names()[0] == "BIO2"
    assert names()[-1] == "PHY1"


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"q": "bio"}, {"BIO1", "BIO2"}),
        ({"q": "dark matter"}, {"PHY1"}),
        ({"q": "50 %"}, {"PHY1"}),
        ({"q": "alice"}, {"BIO1"}),
        ({"q": "project-of-phy2"}, {"PHY2"}),
        ({"q": "nothing like it"}, set()),
        ({"q": "_"}, set()),
        ({"health": "over"}, {"BIO1"}),
        ({"health": "any"}, {"BIO1", "BIO2", "PHY2"}),
        ({"health": "well"}, {"PHY1"}),
        ({"health": "nonsense"}, {"BIO1", "BIO2", "PHY1", "PHY2"}),
        ({"place": "demo"}, {"BIO1", "BIO2", "PHY1", "PHY2"}),
        ({"place": "demo/TACC"}, {"PHY2"}),
        ({"place": "elsewhere"}, set()),
        ({"q": "phy", "health": "idle"}, {"PHY2"}),
    ],
)
def test_search_and_filters(some: None, params: dict[str, str], found: set[str]) -> None:
    assert set(names(**params)) == found


def test_counts_are_of_all_whatever_is_searched_for(some: None) -> None:
    found = overall(OverallQuery.read({"q": "dark"}))
    assert found.matched == 1
    assert found.counts == {
        "all": 4,
        "well": 1,
        "any": 3,
        "over": 1,
        "ending": 1,
        "quota": 1,
        "idle": 1,
        "ended": 0,
        "erroring": 0,
        "unconnected": 0,
    }


@pytest.mark.parametrize(
    "sort", ["name", "pi", "used", "remaining", "burn", "week", "ends", "machines", "members", "troubles"]
)
@pytest.mark.parametrize("way", ["", "-"])
def test_page_by_page_one_sees_each_once_in_order(db: None, sort: str, way: str) -> None:
    for number in range(2 * PAGE_SIZE + 7):
        stand(
            f"A{number:03}",
            of_pi_name=f"PI {number % 5}",
            used_percent=Decimal(number % 7),
            remaining=Decimal(number % 3),
            burn=Decimal(number % 4) / 8,
            week=Decimal(number % 2),
            machines=number % 6,
            members=number % 8,
            ends_on=None if number % 3 else timezone.now().date() + timedelta(days=number % 9),
            troubles=number % 2,
        )
    seen, after = [], ""
    for _ in range(4):
        found = overall(OverallQuery.read({"sort": way + sort, "after": after}))
        seen += [row.pk for row in found.rows]
        after = found.next_after
        if not after:
            break
    assert len(seen) == len(set(seen)) == 2 * PAGE_SIZE + 7
    assert seen == [row.pk for row in everything(OverallQuery.read({"sort": way + sort}))]


@pytest.mark.parametrize("after", ["x", "%%", "W10", "WyJhIiwxXQ", "WzEsMiwzXQ", "bnVsbA", "A" * 3000])
def test_a_place_that_is_none_is_the_first_page(some: None, after: str) -> None:
    assert len(names(after=after, sort="ends")) in (0, 4)


def test_the_age_of_the_oldest_figure_is_told(some: None) -> None:
    old = timezone.now() - timedelta(minutes=10)
    AllocationHealth.objects.filter(allocation__project_name="PHY1").update(at=old)
    assert overall(OverallQuery.read({})).oldest == old


# Pages ---------------------------------------------------------------------------------------------------------------


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_an_operator_sees_the_list(some: None, operator: User) -> None:
    page = signed_in(operator).get("/operator/allocations/").content.decode()
    assert "BIO1" in page and "120.5 %" in page and "Over-spent" in page
    assert "What the words mean" in page and "within 30 days" in page


@pytest.mark.parametrize(
    "path",
    [
        "/operator/allocations/",
        "/operator/allocations.csv",
        "/api/v1/operator/allocations",
        "/api/v1/operator/allocations.csv",
    ],
)
@pytest.mark.parametrize("who", ["pi", "stranger", "newcomer"])
def test_nobody_else_does(some: None, path: str, who: str, request: pytest.FixtureRequest) -> None:
    answer = signed_in(request.getfixturevalue(who)).get(path)
    assert answer.status_code == 403
    assert b"BIO1" not in answer.getvalue()


def test_the_file_has_every_page_and_no_formula(db: None, operator: User) -> None:
    for number in range(PAGE_SIZE + 5):
        stand(f"A{number}", of_title="=HYPERLINK(1)", over=True)
    text = signed_in(operator).get("/operator/allocations.csv?health=over").getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == PAGE_SIZE + 5
    assert {row["title"] for row in rows} == {"'=HYPERLINK(1)"}
    assert {row["health"] for row in rows} == {"Over-spent"}


def test_programs_get_pages_and_counts(some: None, operator: User) -> None:
    found = signed_in(operator).get("/api/v1/operator/allocations?health=over").json()
    assert [one["project_name"] for one in found["items"]] == ["BIO1"]
    assert found["items"][0]["health"] == ["over"]
    assert (found["next_after"], found["matched"], found["counts"]["all"]) == ("", 1, 4)


def test_a_title_is_text_whatever_is_in_it(operator: User) -> None:
    stand("EVIL", of_title="<script>alert(1)</script>", of_pi_name="<b>")
    page = signed_in(operator).get("/operator/allocations/").content.decode()
    assert "<script>alert" not in page and "<b>" not in page


def test_empty_it_says_when_something_will_be_there(operator: User) -> None:
    assert b"Nothing here yet" in signed_in(operator).get("/operator/allocations/").content


def test_queries_do_not_grow_with_allocations(operator: User) -> None:
    client, counts = signed_in(operator), []
    for number in (1, 20, 500):
        for one in range(number):
            stand(f"A{number}-{one}")
        client.get("/operator/allocations/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/operator/allocations/?q=A")
        counts.append(len(queries))
    assert len(set(counts)) == 1, counts
