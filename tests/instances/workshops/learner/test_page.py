"""The learner's page: one address, whatever the workshop is at."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from instances.workshops.learner import messages
from instances.workshops.models import Learner, Seat, Workshop
from portal.accounts.models import User
from tests.cast import make_user
from tests.instances.workshops.room import make_learner, seat_of, sit

HOUR = timedelta(hours=1)


@pytest.fixture
def browser(client: Client, lea: User) -> Client:
    client.force_login(lea)
    return client


def page(client: Client, workshop: Workshop) -> str:
    answer = client.get(f"/w/{workshop.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_at_the_seat_everything_is_on_one_page(browser: Client, workshop: Workshop, seat: Seat) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(
        hand_out="# Welcome\n\nType `ls`.", steps=["Log in", "Look round"], desktop=True
    )
    shown = page(browser, workshop)
    assert "I need help" in shown
    assert "Done with step 1" in shown
    assert "<code>ls</code>" in shown
    assert f'data-open="/w/{workshop.pk}/open/"' in shown
    for way in ("shell", "desktop", "files"):
        assert f'data-tab="{way}"' in shown
    assert f'data-topics="part:{workshop.pk}"' in shown


def test_nothing_of_the_allocation_is_on_it(browser: Client, workshop: Workshop, seat: Seat) -> None:
    shown = page(browser, workshop)
    assert workshop.allocation.project_name not in shown
    assert workshop.allocation.slug not in shown
    assert "/allocations/" not in shown
    assert seat.instance is not None
    assert f"/instances/{seat.instance.pk}" not in shown


def test_the_first_way_is_the_workshops(browser: Client, workshop: Workshop, seat: Seat) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(start_up="desktop", desktop=True)
    assert 'data-first="desktop"' in page(browser, workshop)


def test_a_desktop_that_no_seat_has_is_not_first(browser: Client, workshop: Workshop, seat: Seat) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(start_up="desktop", desktop=False)
    shown = page(browser, workshop)
    assert 'data-first="shell"' in shown
    assert 'data-tab="desktop"' not in shown


def test_before_it_begins_one_reads_when_and_what_to_bring(
    browser: Client, workshop: Workshop, learner: Learner
) -> None:
    later = timezone.now() + 24 * HOUR
    Workshop.objects.filter(pk=workshop.pk).update(
        state=Workshop.State.PLANNED, opens_at=later, closes_at=later + 3 * HOUR
    )
    workshop.meetings.update(starts_at=later, ends_at=later + 2 * HOUR)
    Seat.objects.filter(pk=seat_of(workshop).pk).update(learner=learner)
    shown = page(browser, workshop)
    assert "You have a seat" in shown
    assert "What to bring" in shown
    assert "Try your browser" in shown
    assert "America/Chicago" in shown
    assert 'id="w-room"' not in shown


def test_the_line_says_the_place_in_it(browser: Client, workshop: Workshop, lea: User) -> None:
    now = timezone.now()
    first = make_user("fay")
    make_learner(workshop, first, state=Learner.State.WAITING, waiting_since=now - HOUR)
    make_learner(workshop, lea, state=Learner.State.WAITING, waiting_since=now)
    assert '<b class="num">2</b> in line' in page(browser, workshop)


def test_who_waits_for_a_yes_is_told_so(browser: Client, workshop: Workshop, lea: User) -> None:
    make_learner(workshop, lea, state=Learner.State.ASKING)
    assert "has to say yes first" in page(browser, workshop)


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (Seat.Stage.BUILDING, "Your seat is being built"),
        (Seat.Stage.RETURNING, "Your seat is being built"),
        (Seat.Stage.MENDING, "being mended"),
        (Seat.Stage.BROKEN, "Your seat is being replaced"),
        (Seat.Stage.AWAY, "put away"),
    ],
)
def test_a_seat_that_is_not_ready_says_what_becomes_of_it(
    browser: Client, workshop: Workshop, seat: Seat, stage: str, words: str
) -> None:
    Seat.objects.filter(pk=seat.pk).update(stage=stage)
    shown = page(browser, workshop)
    assert words in shown
    assert 'id="w-room"' not in shown


def test_after_the_end_there_is_no_seat_any_more(browser: Client, workshop: Workshop, seat: Seat) -> None:
    Workshop.objects.filter(pk=workshop.pk).update(
        state=Workshop.State.ENDED, closes_at=timezone.now() - HOUR
    )
    shown = page(browser, workshop)
    assert "This workshop is over" in shown
    assert 'id="w-room"' not in shown


def test_a_new_machine_is_another_page(browser: Client, workshop: Workshop, seat: Seat) -> None:
    before = browser.get(f"/w/{workshop.pk}/state/").content.decode()
    assert f'data-key="at:{seat.instance_id}"' in before
    swapped = sit(seat_of(workshop), None)
    after = browser.get(f"/w/{workshop.pk}/state/").content.decode()
    assert f'data-key="at:{swapped.instance_id}"' in after
    assert str(seat.instance_id) not in after


@pytest.mark.parametrize("path", ["", "state/", "help/", "steps/"])
def test_whoever_takes_no_part_sees_nothing(
    client: Client, workshop: Workshop, seat: Seat, path: str
) -> None:
    client.force_login(make_user("eve"))
    assert client.get(f"/w/{workshop.pk}/{path}").status_code == 404


def test_what_it_asks_of_the_database_does_not_grow_with_the_class(
    browser: Client,
    workshop: Workshop,
    seat: Seat,
    member: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(20):
        made = make_learner(workshop, make_user(f"p{number}"))
        made.state = Learner.State.WAITING
        made.waiting_since = timezone.now()
        made.save()
    messages.say(workshop=workshop, by=member, seats=None, text="Hello", minutes=5)
    with django_assert_max_num_queries(20) as counted:
        page(browser, workshop)
    assert len(counted) <= 20


def test_how_far_a_machine_is_shows_only_while_something_is_done_with_it(
    browser: Client, workshop: Workshop, seat: Seat
) -> None:
    for stage, shown in ((Seat.Stage.BUILDING, True), (Seat.Stage.AWAY, False), (Seat.Stage.BROKEN, False)):
        Seat.objects.filter(pk=seat.pk).update(stage=stage)
        assert ("going-bar" in page(browser, workshop)) is shown, stage


def test_the_frames_are_shown_by_this_page_alone(browser: Client, workshop: Workshop, seat: Seat) -> None:
    whole, framed = browser.get(f"/w/{workshop.pk}/"), browser.get(f"/w/{workshop.pk}/files/")
    assert "frame-src 'self'" in whole.headers["Content-Security-Policy"]
    assert whole.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'self'" in framed.headers["Content-Security-Policy"]
    assert framed.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "/allocations/" not in framed.content.decode()


def test_a_visitor_has_the_whole_page_and_nothing_beside_it(
    browser: Client, workshop: Workshop, seat: Seat, lea: User
) -> None:
    """Somebody of another identity provider, or with a guest code: the class is all that they came for."""
    lea.is_visitor = True
    lea.save(update_fields=["is_visitor"])
    assert "I need help" in page(browser, workshop)
    for path in ("state/", "help/", "steps/", "files/"):
        assert browser.get(f"/w/{workshop.pk}/{path}").status_code == 200
    assert browser.post(f"/w/{workshop.pk}/here/").status_code == 204
    assert browser.get("/w/").status_code == 200
    for elsewhere in ("/planner/", f"/allocations/{workshop.allocation.slug}/", "/profile/tokens/"):
        assert browser.get(elsewhere).status_code in (403, 404)
