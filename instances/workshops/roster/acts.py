"""One thing done to many of the roster: each by itself, and told of by itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from instances.workshops.models import Learner
from instances.workshops.roster import services
from portal.accounts.models import User
from portal.core.errors import PortalError


@dataclass(frozen=True, slots=True)
class Act:
    """`asks`: what a page says before it is done; empty: it is done at once."""

    name: str
    label: str
    done: str
    do: Callable[[Learner, User], object]
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    learner: Learner
    problem: PortalError | None


ACTS = {
    act.name: act
    for act in (
        Act("invite", "Invite (again)", "written to", lambda one, by: services.invite(learner=one, by=by)),
        Act("seat", "Give a seat", "given a seat", lambda one, by: services.give_seat(learner=one, by=by)),
        Act(
            "waiting",
            "Move to the waiting list",
            "moved to the waiting list",
            lambda one, by: services.to_waiting(learner=one, by=by),
            "They lose their seat at once, with what is open at it, and stand at the end of the line. What they did on "
            "the machine is deleted with it.",
        ),
        Act("approve", "Let in who asks", "let in", lambda one, by: services.approve(learner=one, by=by)),
        Act(
            "decline",
            "Turn down who asks",
            "turned down",
            lambda one, by: services.decline(learner=one, by=by),
            "They are told that they are not let in, and the link does not bring them back.",
        ),
        Act(
            "remove",
            "Remove",
            "removed",
            lambda one, by: services.remove(learner=one, by=by),
            "What they have open at their seat ends at once, the seat goes to whoever waits, and what they did on its "
            "machine is deleted with it. The link does not bring them back; you can let them in again.",
        ),
        Act("let-in", "Let in again", "let in again", lambda one, by: services.let_in(learner=one, by=by)),
    )
}


def do(*, act: Act, learners: Sequence[Learner], by: User) -> list[Result]:
    return [_one(act, learner, by) for learner in learners]


def _one(act: Act, learner: Learner, by: User) -> Result:
    try:
        act.do(learner, by)
    except PortalError as problem:
        return Result(learner, problem)
    return Result(learner, None)
