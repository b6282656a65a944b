"""Seats without any public address: real sshds behind a real jump host, which is lost on the way."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from instances.models import Instance
from instances.remote import authority
from instances.remote.dialing import reach
from instances.remote.models import MachineTrust
from instances.workshops.models import Seat
from instances.workshops.rights import Right
from instances.workshops.runs import doing_run, over_ssh, services, working
from instances.workshops.runs.jobs import State
from instances.workshops.runs.models import SeatRun
from portal.accounts.models import User
from tests.instances.remote.sshd import Sshd
from tests.instances.remote.test_shell_through_jump import NETWORK, jumps
from tests.instances.workshops.room import make_learner, seat_machine, seat_of, sit

__all__ = ["jumps"]  # a fixture
pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which machines were connected to, in turn."""
    found: list[str] = []

    async def counted(hop: Any, name: str, **given: Any) -> Any:
        found.append(hop.instance_id)
        return await reach(hop, name, **given)

    monkeypatch.setattr(over_ssh, "reach", counted)
    return found


@pytest.fixture
def two_seats(
    real_seat: Seat, jumps: Callable[[], Instance], sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> list[Seat]:
    """Both at the one sshd, as two machines: each has a principal of its own there."""
    first = jumps()
    workshop = real_seat.workshop
    second = seat_machine(
        workshop, private_address="127.0.0.1", addresses=NETWORK, host_keys=[sshd.host_key], status="ACTIVE"
    )
    keys = authority.trusted()
    MachineTrust.objects.create(
        instance=second, login=sshd.login, authorities=keys, how="launch", at=timezone.now()
    )
    principals: Path = sshd.etc.parent / "principals"
    principals.write_text(principals.read_text() + authority.principal(second.pk, sshd.login) + "\n")
    from instances.remote import ways

    ports = ways._port
    monkeypatch.setattr(ways, "_port", lambda one: sshd.port if one.pk == second.pk else ports(one))
    other = sit(seat_of(workshop, 2), make_learner(workshop, None, name="Otto"), second)
    assert first.public_address
    return [seat_of(workshop, 1), other]


def asked(seats: list[Seat], member: User) -> list[SeatRun]:
    workshop = seats[0].workshop
    workshop.viewer_right = Right.PLAN
    made = services.run(workshop=workshop, by=member, seats=seats, command="echo here")
    return list(SeatRun.objects.filter(run=made))


def due() -> None:
    SeatRun.objects.exclude(next_at=None).update(next_at=timezone.now())


def test_all_seats_share_one_connection_to_the_jump_host(
    two_seats: list[Seat], member: User, jumps: Callable[[], Instance], reached: list[str]
) -> None:
    jobs = asked(two_seats, member)
    for _ in range(10):
        working.slice_of("run")
        due()
    for job in jobs:
        job.refresh_from_db()
        assert (job.state, doing_run.output_of(job).parts()) == (State.DONE, ["here\n"])
    slices = reached.count(str(two_seats[0].instance_id))
    jump = next(one for one in reached if one not in {str(seat.instance_id) for seat in two_seats})
    assert reached.count(jump) == slices


def test_a_lost_jump_host_is_waited_for_and_another_one_used(
    two_seats: list[Seat], member: User, jumps: Callable[[], Instance]
) -> None:
    from instances.remote.models import JumpHost

    JumpHost.objects.all().delete()
    jobs = asked(two_seats, member)
    working.slice_of("run")
    jobs[0].refresh_from_db()
    assert (jobs[0].state, jobs[0].attempts, jobs[0].problem_id) == (State.ASKED, 1, "remote:no-address")
    jumps()
    for _ in range(10):
        due()
        working.slice_of("run")
    for job in jobs:
        job.refresh_from_db()
        assert job.state == State.DONE and job.problem_id == ""
