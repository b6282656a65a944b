"""A class at the member's machine: its learner and its helper have no role in the allocation, and try every URL too."""

from pathlib import Path
from typing import Any

import pytest

from instances.exosphere import DESKTOP_KEY
from instances.models import Instance
from instances.remote.models import RemoteSession
from instances.workshops.courses import templating
from instances.workshops.learner import calls, messages
from instances.workshops.models import Learner, Seat
from instances.workshops.roster import links
from portal.accounts.models import User
from tests.cast import make_user
from tests.instances.remote.people import session_on
from tests.instances.workshops.room import make_helper, make_learner, make_workshop, seat_of, sit
from tests.instances.workshops.runs.things import things_of

# Roles besides the cast's.
ROOM = ("seat_learner", "seat_helper")


@pytest.fixture
def seat_learner(db: None) -> User:
    """Sits at the member's machine, in the middle of a meeting."""
    return make_user("lea")


@pytest.fixture
def seat_helper(db: None) -> User:
    """Helps at the workshop as an assistant."""
    return make_user("hanna")


@pytest.fixture
def seat_here(machine: Instance, member: User, seat_learner: User, seat_helper: User) -> Seat:
    """Seat 1 of a workshop of the member's, whose machine is the one that all URLs are about."""
    machine.metadata = {**machine.metadata, DESKTOP_KEY: "true"}
    machine.save(update_fields=["metadata"])
    workshop = make_workshop(machine.allocation, member, seats=2, steps=["One", "Two"], desktop=True)
    make_helper(workshop, seat_helper)
    return sit(seat_of(workshop), make_learner(workshop, seat_learner), machine)


@pytest.fixture
def room_ids(seat_here: Seat, member: User, settings: Any, tmp_path: Path) -> dict[str, Any]:
    """What URLs of workshops are about, by the names of their parameters."""
    settings.WORK_DIR = tmp_path / "work"
    learner = seat_here.learner
    assert isinstance(learner, Learner)
    said = messages.say(workshop=seat_here.workshop, by=member, seats=None, text="Hello", minutes=60)
    return {
        "workshop_id": seat_here.workshop_id,
        "seat_id": seat_here.pk,
        "learner_id": learner.pk,
        "message_id": said.pk,
        "code": links.shown(links.make(workshop=seat_here.workshop, by=member)).code,
        "call_id": calls.ask(learner=learner).pk,
        "session_id": _screen(seat_here).pk,
        "act": "stop",
        **things_of(seat_here, member),
        "template_id": templating.save_as(workshop=seat_here.workshop, by=member, title="Course").template_id,
    }


def _screen(seat: Seat) -> RemoteSession:
    """The learner's own shell."""
    assert seat.instance is not None and seat.learner is not None and seat.learner.user is not None
    return session_on(seat.instance, seat.learner.user, login=seat.workshop.login)
