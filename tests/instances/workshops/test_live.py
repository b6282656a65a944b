"""What open pages of a workshop hear, and who may listen."""

from typing import Any

import pytest

from instances.workshops import hooks, live
from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.topics import part_group, workshop_group
from portal.accounts.models import User
from portal.core import events
from portal.core.errors import PortalError

Sent = list[tuple[list[str], str]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    found: Sent = []

    def note(groups: Any, event: events.Event) -> None:
        assert isinstance(event, events.Changed)
        found.append((sorted(groups), event.name))

    monkeypatch.setattr(events, "send_best_effort", note)
    return found


def test_those_who_run_it_hear_of_the_workshop_and_a_learner_of_their_own_part(
    workshop: Workshop, learner: Learner, member: User, helper: User, lea: User
) -> None:
    for user in (member, helper):
        assert workshop_group(user, str(workshop.pk)) == live.group_of(workshop.pk)
        with pytest.raises(PortalError):
            part_group(user, str(workshop.pk))
    assert part_group(lea, str(workshop.pk)) == live.group_of_learner(learner.pk)
    with pytest.raises(PortalError):
        workshop_group(lea, str(workshop.pk))


def test_a_changed_seat_is_newer_and_told_once_committed(
    seat: Seat,
    learner: Learner,
    sent: Sent,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(hooks, "_changed", [told.extend])
    with django_capture_on_commit_callbacks(execute=True):
        live.seats_changed([seat])
        assert not told and not sent
    assert told == [seat.pk]
    assert sent == [([live.group_of_learner(learner.pk)], "seat:changed")]
    version = seat.version
    seat.refresh_from_db()
    assert seat.version == version + 1


def test_a_changed_workshop_is_told_to_all_of_it(
    workshop: Workshop,
    learner: Learner,
    other_learner: Learner,
    sent: Sent,
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        live.workshop_changed(workshop)
    groups = [
        live.group_of(workshop.pk),
        live.group_of_learner(learner.pk),
        live.group_of_learner(other_learner.pk),
    ]
    assert sent == [(sorted(groups), "workshop:changed")]
