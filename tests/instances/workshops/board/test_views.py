"""The board, its strip and the room's screen: who sees what of them, and how many queries that takes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from allocations.models import Allocation
from instances.workshops.models import HelpRequest, Learner, Seat, Workshop
from portal.accounts.models import User
from tests.instances.workshops.room import make_learner, make_workshop, seat_of, sit


def get(user: User, url: str, **query: str) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(url, query)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def board(workshop: Workshop) -> str:
    return reverse("board:board", args=[workshop.pk])


def test_the_board_shows_a_tile_for_each_seat_and_counts_in_words(seat: Seat, member: User) -> None:
    text = get(member, board(seat.workshop))

    assert text.count('class="tile ') == 4
    assert "1 of 3 ready, 2 waiting; 1 joined, 0 of 1 spare ready" in text
    assert "Lea" in text


@pytest.mark.parametrize("role", ["helper", "pi", "manager", "operator"])
def test_those_who_run_it_and_operators_see_it(role: str, seat: Seat, request: pytest.FixtureRequest) -> None:
    assert "Lea" in get(request.getfixturevalue(role), board(seat.workshop))


@pytest.mark.parametrize("role", ["lea", "colleague", "stranger"])
@pytest.mark.parametrize("page", ["board", "strip", "room", "calls"])
def test_learners_and_strangers_learn_nothing_of_it(
    role: str, page: str, seat: Seat, request: pytest.FixtureRequest
) -> None:
    client = Client()
    client.force_login(request.getfixturevalue(role))
    answer = client.get(reverse(f"board:{page}", args=[seat.workshop_id]))

    assert answer.status_code == 404
    assert seat.workshop.title not in answer.content.decode()


def test_operators_see_no_buttons_for_acts(seat: Seat, operator: User, member: User) -> None:
    assert "/acts/stop/" in get(member, board(seat.workshop))
    assert "/acts/" not in get(operator, board(seat.workshop))


def test_an_assistant_is_offered_acts_on_seats_and_no_messages(seat: Seat, helper: User) -> None:
    text = get(helper, board(seat.workshop))

    assert "/acts/reset/" in text
    assert "/acts/say/" not in text


def test_helpers_who_are_no_members_are_not_linked_to_the_allocation(
    seat: Seat, helper: User, member: User
) -> None:
    link = f'href="/allocations/{seat.workshop.allocation.slug}/"'
    assert link in get(member, board(seat.workshop))
    assert link not in get(helper, board(seat.workshop))


def test_seats_that_a_filter_leaves_out_are_there_and_hidden(seat: Seat, member: User) -> None:
    text = get(member, board(seat.workshop), q="lea")

    assert text.count('class="tile ') == 4
    assert text.count(" hidden>") - text.count("data-cue-box>") >= 3
    tile = text.partition(f'id="seat-{seat.pk}"')[2].partition(">")[0]
    assert "hidden" not in tile


def test_sorting_by_attention_puts_those_who_call_first(
    seat: Seat, other_learner: Learner, member: User
) -> None:
    HelpRequest.objects.create(workshop=seat.workshop, learner=other_learner, asked_at=timezone.now())
    text = get(member, board(seat.workshop), sort="attention")

    assert text.index(f'id="seat-{seat_of(seat.workshop, 2).pk}"') < text.index(f'id="seat-{seat.pk}"')


def test_unknown_words_of_the_address_fall_back(seat: Seat, member: User) -> None:
    text = get(member, board(seat.workshop), sort="'; drop", state="nowhere")
    assert text.count('class="tile ') == 4
    assert " hidden>" not in text.partition('id="tiles"')[2].partition("</ol>")[0]


def test_names_of_learners_are_text_and_no_markup(workshop: Workshop, member: User) -> None:
    sit(seat_of(workshop), make_learner(workshop, None, name="<script>alert(1)</script>"))
    text = get(member, board(workshop))

    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_strip_has_the_counts_and_nothing_else(seat: Seat, member: User) -> None:
    text = get(member, reverse("board:strip", args=[seat.workshop_id]))

    assert f'id="counts-{seat.workshop_id}"' in text
    assert "1 of 3 ready" in text
    assert "Lea" not in text


def test_the_room_names_nobody_unless_asked_to(seat: Seat, lea: User, member: User) -> None:
    Learner.objects.filter(user=lea).update(name="Lea Lovelace", email="lea@example.edu")
    url = reverse("board:room", args=[seat.workshop_id])

    assert "Lovelace" not in get(member, url)
    assert "LL" in get(member, url, names="initials")
    full = get(member, url, names="full")
    assert "Lea Lovelace" in full
    assert "lea@example.edu" not in full


def test_operators_may_not_put_a_room_on_a_screen(seat: Seat, operator: User) -> None:
    client = Client()
    client.force_login(operator)
    assert client.get(reverse("board:room", args=[seat.workshop_id])).status_code == 403


def test_a_workshop_without_seats_says_so(allocation: Allocation, member: User) -> None:
    assert "No seats yet" in get(member, board(make_workshop(allocation, member, seats=0)))


def queries_of_a_board(count: int, allocation: Allocation, member: User) -> int:
    workshop = make_workshop(allocation, member, seats=count, spares=1)
    for seat in Seat.objects.filter(workshop=workshop, spare=False).select_related("workshop__allocation"):
        sit(seat, make_learner(workshop, name=f"Learner {seat.number}", seen_at=timezone.now()))
    last = Learner.objects.filter(workshop=workshop)[0]
    HelpRequest.objects.create(
        workshop=workshop, learner=last, asked_at=timezone.now() - timedelta(minutes=1)
    )
    client = Client()
    client.force_login(member)
    client.get(board(workshop))
    with CaptureQueriesContext(connection) as queries:
        assert client.get(board(workshop)).status_code == 200
    return len(queries)


def test_the_board_takes_the_same_queries_for_any_number_of_seats(
    allocation: Allocation, member: User
) -> None:
    # The page's own: who asks, the door, meetings, the bar; and what `facts.read` needs.
    assert len({queries_of_a_board(count, allocation, member) for count in (1, 20, 100)}) == 1
    assert queries_of_a_board(20, allocation, member) <= 20
