"""A workshop in the middle of its meeting, with somebody at its first seat."""

import pytest

from allocations.models import Allocation
from instances.workshops.models import Learner, Seat, Workshop
from portal.accounts.models import User
from tests.cast import make_user
from tests.instances.workshops.room import make_helper, make_learner, make_workshop, seat_of, sit


@pytest.fixture
def workshop(allocation: Allocation, member: User) -> Workshop:
    """The member's: three seats and a spare, without machines."""
    return make_workshop(allocation, member, seats=3, spares=1)


@pytest.fixture
def lea(db: None) -> User:
    """Somebody without any allocation, who takes part in `workshop` where `seat` is asked for."""
    return make_user("lea")


@pytest.fixture
def learner(workshop: Workshop, lea: User) -> Learner:
    return make_learner(workshop, lea)


@pytest.fixture
def seat(workshop: Workshop, learner: Learner) -> Seat:
    """The first: lea's, with a machine that is ready."""
    return sit(seat_of(workshop), learner)


@pytest.fixture
def other_learner(workshop: Workshop) -> Learner:
    """A second one, at the second seat."""
    found = make_learner(workshop, make_user("otto"))
    sit(seat_of(workshop, 2), found)
    return found


@pytest.fixture
def helper(workshop: Workshop) -> User:
    """Helps at the seats of `workshop` as an assistant, and is no member of its allocation."""
    user = make_user("hanna")
    make_helper(workshop, user)
    return user
