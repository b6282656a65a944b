"""What people see and may do on the pages of members."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from allocations.members import deciding
from allocations.members.models import Decision, Departure
from allocations.models import Allocation, LedgerEntry
from allocations.sources.models import Lookup, MemberRecord, MembershipRequest
from instances.models import Instance
from portal.accounts.models import User
from tests.allocations.members.conftest import BY_HAND, Source, key
from tests.cast import join, make_user

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def can_do(source: Source) -> Source:
    return source


def of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(allocation: Allocation, name: str = "list", *args: object) -> str:
    return reverse(f"members:{name}", args=[allocation.slug, *args])


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def spend(allocation: Allocation, owner: User, su: str, **when: int) -> None:
    ends = timezone.now() - timedelta(**(when or {"minutes": 1}))
    LedgerEntry.objects.create(
        key=f"{owner.pk}:{su}:{ends}",
        allocation=allocation,
        resource="cpu",
        instance_id="x",
        instance_name="node",
        owner_name=str(owner),
        owner_key=str(owner.pk),
        flavor_name="m3.small",
        status="ACTIVE",
        starts_at=ends - timedelta(seconds=1),
        ends_at=ends,
        day=ends.date(),
        su=Decimal(su),
    )


def test_everybody_who_sees_the_allocation_sees_its_people_and_managers_act(
    pi: User, member: User, colleague: User, allocation: Allocation
) -> None:
    seen = text(of(member), page(allocation))
    assert "Colin" in seen
    assert "Add people" not in seen
    assert "colin@example.edu" not in seen
    acted = text(of(pi), page(allocation))
    assert "Add people" in acted
    assert "colin@example.edu" in acted


def test_a_stranger_learns_nothing(stranger: User, pi: User, allocation: Allocation) -> None:
    for name in ("list", "add", "roles", "invitations", "beside"):
        assert of(stranger).get(page(allocation, name)).status_code == 404


def test_a_member_may_look_and_no_more(member: User, colleague: User, allocation: Allocation) -> None:
    for name in ("add", "roles", "invitations", "beside"):
        assert of(member).get(page(allocation, name)).status_code == 403
    assert of(member).get(page(allocation, "remove", key(colleague))).status_code == 403


def test_what_others_spent_is_shown_as_the_pi_chose(
    pi: User, member: User, colleague: User, allocation: Allocation
) -> None:
    spend(allocation, colleague, "412.5")
    spend(allocation, member, "77.25")
    Allocation.objects.update(spending_shown=False)
    seen = text(of(member), page(allocation))
    assert "77.3" in seen or "77.2" in seen
    assert "412" not in seen
    assert "412" in text(of(pi), page(allocation))
    Allocation.objects.update(spending_shown=True)
    assert "412" in text(of(member), page(allocation))


def test_week_month_and_period_are_apart(pi: User, member: User, allocation: Allocation) -> None:
    spend(allocation, member, "3")
    spend(allocation, member, "500", days=60)
    answer = of(pi).get(page(allocation))
    (row,) = [row for row in answer.context["list"].rows if row.person.user == member]
    assert (row.spent.week, row.spent.period) == (Decimal(3), Decimal(503))


def test_machines_are_counted_and_lead_to_them(pi: User, machine: Instance, allocation: Allocation) -> None:
    seen = text(of(pi), page(allocation))
    assert f"/instances/?owner={machine.owner_id}" in seen


def test_somebody_whom_the_source_has_not_let_in_yet_is_shown_as_pending(
    pi: User, allocation: Allocation
) -> None:
    now = timezone.now()
    MemberRecord.objects.create(
        allocation=allocation,
        source="access",
        username="ada",
        name="Ada L",
        role="member",
        state="pending",
        since=now,
        seen_at=now,
        resources=["cpu"],
    )
    seen = text(of(pi), page(allocation))
    assert "Ada L" in seen
    assert re.search(r"pending</span><span class=.sub.>at .{3,20} since \d", seen)


def test_search_filter_sort_and_pages(pi: User, member: User, allocation: Allocation) -> None:
    for number in range(60):
        join(make_user(f"person{number:02}"), allocation)
    client = of(pi)
    first = client.get(page(allocation)).context["list"]
    assert (len(first.rows), first.pages, first.rows[0].role) == (50, 2, "pi")
    assert len(client.get(page(allocation) + "?page=2").context["list"].rows) == 12
    assert client.get(page(allocation) + "?q=person07").context["list"].matched == 1
    assert client.get(page(allocation) + "?role=pi").context["list"].matched == 1
    assert client.get(page(allocation) + "?state=removed").context["list"].matched == 0
    names = [row.name for row in client.get(page(allocation) + "?sort=-name").context["list"].rows]
    assert names == sorted(names, reverse=True, key=str.casefold)
    assert client.get(page(allocation) + "?page=99&sort=bogus&state=x&role=y").status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_people(pi: User, allocation: Allocation) -> None:
    client, counts = of(pi), []
    for wanted in (1, 20, 500):
        for number in range(allocation.memberships.count(), wanted):
            join(make_user(f"person{number:03}"), allocation)
        client.get(page(allocation))
        with CaptureQueriesContext(connection) as seen:
            client.get(page(allocation))
        counts.append(len(seen))
    assert len(set(counts)) == 1, counts
    assert counts[0] <= 40


def test_names_are_text_whatever_they_say(pi: User, allocation: Allocation) -> None:
    join(make_user("mallory", display_name="<script>alert(1)</script>"), allocation)
    assert "<script>alert" not in text(of(pi), page(allocation))


def test_roles_are_changed_by_a_form_and_each_outcome_is_told(
    pi: User, member: User, reader: User, allocation: Allocation
) -> None:
    answer = of(pi).post(page(allocation, "roles"), {"id": [key(member), key(reader)], "role": "ta"})
    said = answer.content.decode()
    assert "is teaching assistant now" in said
    assert "may only look" in said
    assert member.memberships.get(ended_at=None).role == "ta"


def test_a_form_without_a_role_is_refused(pi: User, member: User, allocation: Allocation) -> None:
    answer = of(pi).post(page(allocation, "roles"), {"id": key(member)})
    assert answer.status_code == 422


def test_a_file_and_a_list_are_looked_at_before_they_are_asked_for(
    pi: User, member: User, allocation: Allocation
) -> None:
    upload = SimpleUploadedFile("class.csv", b"\xef\xbb\xbfusername;role\nada;TA\nbob;\nx y;\n")
    client = of(pi)
    answer = client.post(
        page(allocation, "add"), {"do": "preview", "names": "carol", "sheet": upload, "role": "member"}
    )
    planned = answer.context["planned"]
    assert [(one.entry.username, one.role, bool(one.why_not)) for one in planned.people] == [
        ("carol", "member", False),
        ("ada", "ta", False),
        ("bob", "member", True),
    ]
    assert [bad.line for bad in planned.bad] == [4]
    assert not MembershipRequest.objects.exists()
    done = client.post(page(allocation, "add"), {"do": "ask", "lines": answer.context["lines"]})
    assert done.status_code == 302
    asked = {(row.username, row.role, row.state) for row in MembershipRequest.objects.all()}
    assert asked == {("carol", "member", "asked"), ("ada", "ta", "asked")}
    assert "Under way" in text(client, page(allocation))


def test_nobody_on_the_list_is_nothing_asked(pi: User, allocation: Allocation) -> None:
    assert of(pi).post(page(allocation, "add"), {"do": "preview"}).status_code == 422
    answer = of(pi).post(page(allocation, "add"), {"do": "ask", "lines": "username\nx y\n"})
    assert answer.status_code == 422


def test_where_the_source_takes_nothing_the_page_says_what_to_do(
    pi: User, allocation: Allocation, source: Source
) -> None:
    source(BY_HAND)
    client = of(pi)
    assert "Ask the PI to do it at ACCESS." in text(client, page(allocation, "add"))
    shown = client.post(page(allocation, "add"), {"do": "preview", "names": "ada", "role": "ta"})
    assert "Please add these people to BIO220047" in shown.content.decode()
    client.post(page(allocation, "add"), {"do": "ask", "lines": shown.context["lines"]})
    assert not MembershipRequest.objects.exists()
    assert Decision.objects.get(username="ada").role == "ta"


def test_search_finds_people_of_the_portal_at_once(pi: User, allocation: Allocation) -> None:
    make_user("grace", display_name="Grace Hopper")
    answer = of(pi).post(page(allocation, "add"), {"do": "search", "q": "hopper"})
    assert "Grace Hopper" in answer.content.decode()


def test_the_page_of_removal_shows_what_stays_and_does_what_is_chosen(
    pi: User, member: User, machine: Instance, allocation: Allocation
) -> None:
    client, url = of(pi), page(allocation, "remove", key(member))
    seen = text(client, url)
    assert "blast-node" in seen
    assert "what the portal acts with" in seen
    given = {f"do:machine:{machine.pk}": "hand", f"to:machine:{machine.pk}": str(pi.pk)}
    answer = client.post(url, given)
    departure = Departure.objects.get()
    assert answer.headers["Location"] == page(allocation, "departure", departure.pk)
    machine.refresh_from_db()
    assert machine.owner == pi
    assert "blast-node" in text(client, answer.headers["Location"])
    assert "Who left" in text(client, page(allocation))


def test_handing_to_somebody_who_is_no_member_is_refused(
    pi: User, member: User, stranger: User, machine: Instance, allocation: Allocation
) -> None:
    given = {f"do:machine:{machine.pk}": "hand", f"to:machine:{machine.pk}": str(stranger.pk)}
    answer = of(pi).post(page(allocation, "remove", key(member)), given)
    assert answer.status_code == 422
    assert member.memberships.filter(ended_at=None).exists()


def test_the_last_pi_cannot_be_removed_and_the_page_says_so(
    pi: User, manager: User, allocation: Allocation
) -> None:
    for who in (pi, manager):
        assert of(who).get(page(allocation, "remove", key(pi))).status_code == 403


def test_who_was_removed_stands_in_the_list_while_the_source_lists_them(
    pi: User, allocation: Allocation
) -> None:
    now = timezone.now()
    MemberRecord.objects.create(
        allocation=allocation, source="access", username="ada", name="Ada L", since=now, seen_at=now
    )
    deciding.decide(allocation, "ada", None, by=pi, out=True)
    seen = text(of(pi), page(allocation) + "?state=removed")
    assert re.search(r"removed</span><span class=.sub.>by Alice on", seen)
    assert "Add again" in seen


def test_what_a_search_found_elsewhere_is_for_who_asked_alone(
    pi: User, manager: User, member: User, allocation: Allocation
) -> None:
    lookup = Lookup.objects.create(
        allocation=allocation,
        asked_by=pi,
        query="ada",
        state="done",
        found=[{"username": "ada", "name": "Ada L", "email": "", "organization": "Elsewhere"}],
    )
    url = page(allocation, "found", lookup.pk)
    assert "Ada L" in text(of(pi), url)
    assert of(manager).get(url).status_code == 404
    assert of(member).get(url).status_code == 403
    assert Client().get(url).status_code in (302, 401)


def test_what_was_left_as_it_was_can_be_settled_later(
    pi: User, member: User, machine: Instance, allocation: Allocation
) -> None:
    client = of(pi)
    left = client.post(page(allocation, "remove", key(member))).headers["Location"]
    assert "Still theirs by name" in text(client, left)
    given = {"do": "settle", f"do:machine:{machine.pk}": "hand", f"to:machine:{machine.pk}": str(pi.pk)}
    assert client.post(left, given).status_code == 302
    machine.refresh_from_db()
    assert machine.owner == pi
    assert "Still theirs by name" not in text(client, left)
    assert client.post(left, given).status_code == 302
    assert Departure.objects.get().items.get().to_name == "Alice"
