"""The list of machines: who sees it, what it shows, and what it says when the cloud cannot be read."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from allocations.models import Allocation
from instances.listing import PAGE_SIZE
from instances.models import Instance, Poll
from portal.accounts.models import User
from portal.operations.models import Operation
from tests.instances.rows import machine
from tests.instances.views.conftest import HTMX, names_in, signed_in, text_of


def url(allocation: Allocation, name: str = "list") -> str:
    return reverse(f"instances:{name}", args=[allocation.slug])


@pytest.mark.parametrize("role", ["pi", "manager", "member", "assistant", "reader", "operator"])
def test_those_of_the_allocation_see_all_machines(
    lab: Instance, role: str, request: pytest.FixtureRequest
) -> None:
    answer = signed_in(request.getfixturevalue(role)).get(url(lab.allocation))
    assert answer.status_code == 200
    assert names_in(answer) == ["lab"]


@pytest.mark.parametrize("role", ["stranger", "former_member", "newcomer"])
@pytest.mark.parametrize("page", ["list", "rows"])
def test_others_are_not_told_that_it_exists(
    lab: Instance, role: str, page: str, request: pytest.FixtureRequest
) -> None:
    answer = signed_in(request.getfixturevalue(role)).get(url(lab.allocation, page))
    assert answer.status_code == 404
    assert "lab" not in names_in(answer)


def test_the_signed_out_are_sent_to_sign_in(lab: Instance, client: Client) -> None:
    answer = client.get(url(lab.allocation), headers={"Accept": "text/html"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=")


def test_a_row_says_what_people_look_for(lab: Instance, member: User) -> None:
    Instance.objects.filter(pk=lab.pk).update(
        public_address="149.165.1.7", image_name="Featured-Ubuntu24", locked=True
    )
    shown = text_of(signed_in(member).get(url(lab.allocation)))
    for words in ("Bob", "Active", "m3.small", "2 vCPU · 6 GB", "Ubuntu24", "149.165.1.7", "1 d"):
        assert words in shown
    assert 'aria-label="Locked"' in signed_in(member).get(url(lab.allocation)).content.decode()


def test_a_machine_made_elsewhere_is_marked_and_has_its_creator(lab: Instance, member: User) -> None:
    machine(lab.allocation, None, name="from-horizon", creator_name="carol@horizon")
    shown = text_of(signed_in(member).get(url(lab.allocation)))
    assert "from-horizon elsewhere" in shown
    assert "carol@horizon" in shown


def test_what_is_going_on_has_a_bar_with_its_usual_time(lab: Instance, member: User) -> None:
    Instance.objects.filter(pk=lab.pk).update(status="BUILD", state_since=timezone.now())
    content = signed_in(member).get(url(lab.allocation)).content.decode()
    assert re.search(r'<progress[^>]+data-since="[^"]+" data-usual="30"', content)
    assert "Building" in content


def test_a_quiet_machine_has_no_bar(lab: Instance, member: User) -> None:
    assert "<progress" not in signed_in(member).get(url(lab.allocation)).content.decode()


@pytest.mark.parametrize("name", ['<script>alert("x")</script>', "machine 🚀", "x" * 255, "' onmouseover='x"])
def test_hostile_names_are_shown_as_text(lab: Instance, member: User, name: str) -> None:
    Instance.objects.filter(pk=lab.pk).update(name=name, image_name=name, creator_name=name)
    answer = signed_in(member).get(url(lab.allocation))
    assert names_in(answer) == [name]
    assert "<script>alert" not in answer.content.decode()
    assert "' onmouseover='" not in answer.content.decode()


def test_htmx_gets_the_list_alone_and_a_clean_address(lab: Instance, member: User) -> None:
    client = signed_in(member)
    whole = client.get(url(lab.allocation))
    part = client.get(f"{url(lab.allocation)}?q=la&status=&sort=-age", headers=HTMX)
    assert b"<html" in whole.content
    assert b"<html" not in part.content
    assert part["HX-Push-Url"] == f"{url(lab.allocation)}?q=la"
    assert names_in(part) == ["lab"]


def test_the_refetched_list_keeps_its_query(lab: Instance, member: User) -> None:
    machine(lab.allocation, member, name="other")
    answer = signed_in(member).get(f"{url(lab.allocation, 'rows')}?q=other", headers=HTMX)
    assert names_in(answer) == ["other"]
    assert f'hx-get="{url(lab.allocation, "rows")}?q=other"' in answer.content.decode()


def test_others_machines_can_be_hidden(lab: Instance, member: User, colleague: User) -> None:
    machine(lab.allocation, colleague, name="theirs")
    client = signed_in(member)
    assert names_in(client.get(f"{url(lab.allocation)}?others=hide")) == ["lab"]
    assert sorted(names_in(client.get(url(lab.allocation)))) == ["lab", "theirs"]


def test_pages_follow_each_other_without_script(lab: Instance, member: User) -> None:
    for number in range(PAGE_SIZE + 3):
        machine(
            lab.allocation, member, name=f"m{number}", created_at=timezone.now() - timedelta(hours=number)
        )
    client = signed_in(member)
    first = client.get(url(lab.allocation))
    link = re.search(r'rel="next" href="([^"]+)"', first.content.decode())
    assert link is not None
    second = client.get(link[1].replace("&amp;", "&"))
    assert len(names_in(first)) == PAGE_SIZE
    assert len(set(names_in(first)) | set(names_in(second))) == PAGE_SIZE + 4
    assert 'rel="next"' not in second.content.decode()
    assert "First page" in text_of(second)


def test_deleted_machines_are_not_listed(lab: Instance, member: User) -> None:
    Instance.objects.filter(pk=lab.pk).update(deleted_at=timezone.now())
    assert names_in(signed_in(member).get(url(lab.allocation))) == []


def test_an_outage_never_looks_like_having_no_machines(
    allocation: Allocation, member: User, read: Poll
) -> None:
    ago = timezone.now() - timedelta(hours=2)
    Poll.objects.update(failing_since=ago, ok_at=ago, error_id="cloud:unreachable")
    shown = text_of(signed_in(member).get(url(allocation)))
    assert f"has not been read since {ago:%H:%M}" in shown
    machine(allocation, member)
    answer = signed_in(member).get(url(allocation))
    assert names_in(answer) == ["lab"]
    assert "has not been read since" in text_of(answer)


def test_never_read_is_said_and_is_not_empty(allocation: Allocation, member: User) -> None:
    assert "Not read yet" in text_of(signed_in(member).get(url(allocation)))


def test_an_empty_list_offers_the_launch_to_those_who_may(
    allocation: Allocation, member: User, reader: User, read: Poll
) -> None:
    launch = reverse("instances:launch", args=[allocation.slug])
    offered = signed_in(member).get(url(allocation)).content.decode()
    assert offered.count(f'href="{launch}"') >= 2
    looked = signed_in(reader).get(url(allocation))
    assert f'class="btn btn-primary" href="{launch}"' not in looked.content.decode()
    assert "Your role lets you look, not launch." in text_of(looked)


def test_a_search_without_result_says_so(lab: Instance, member: User) -> None:
    assert "Nothing matches" in text_of(signed_in(member).get(f"{url(lab.allocation)}?q=nothing-like-it"))


def test_those_who_may_not_act_have_nothing_to_tick(lab: Instance, member: User, reader: User) -> None:
    assert b'id="bulk"' in signed_in(member).get(url(lab.allocation)).content
    assert b'id="bulk"' not in signed_in(reader).get(url(lab.allocation)).content


def test_a_running_operation_shows_in_the_row(lab: Instance, member: User) -> None:
    now = timezone.now()
    Operation.objects.create(
        kind="instance.stop",
        label="Stop",
        by=member,
        cloud="demo",
        region="IU",
        project_id=lab.allocation.project_id,
        target_type="instance",
        target_id=str(lab.pk),
        state="waiting",
        stage="The machine shuts down",
        run_after=now,
        deadline_at=now,
        created_at=now,
    )
    shown = text_of(signed_in(member).get(url(lab.allocation)))
    assert "Stopping" in shown
    assert "The machine shuts down" in shown


def test_the_sorted_column_says_so_to_screen_readers(lab: Instance, member: User) -> None:
    content = signed_in(member).get(f"{url(lab.allocation)}?sort=name").content.decode()
    assert content.count("aria-sort=") == 1
    assert 'class="c-name" aria-sort="ascending"' in content


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_list_is_read_only(lab: Instance, member: User, method: str) -> None:
    assert getattr(signed_in(member), method)(url(lab.allocation)).status_code == 405
