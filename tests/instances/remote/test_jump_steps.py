"""What a worker does to a chosen jump host, and what it makes of the answers."""

from typing import Any

import pytest

from allocations.models import Allocation
from instances.models import Instance
from instances.remote import jump_steps, jumps
from instances.remote.link import Ran
from instances.remote.models import JumpHost
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.operations.models import Operation
from portal.operations.outcomes import Done
from tests.instances.remote.test_jumps import door


class Step:
    """One step, without the machinery around it."""

    def __init__(self, op: Operation) -> None:
        self.op, self.step, self.spec = op, "start", op.spec


class Machine:
    """What stands at the other end of the link: how it answers, and what it was asked."""

    def __init__(self) -> None:
        self.answer: Ran | PortalError = Ran(0, b"some noise\nheliojump: installed\n", b"")
        self.asked: list[tuple[str, bytes]] = []

    async def connect(self, way: Any, *, person: str) -> "Machine":
        self.way, self.person = way, person
        if isinstance(self.answer, PortalError):
            raise self.answer
        return self

    async def run(self, command: str, *, input: bytes, seconds: float) -> Ran:
        self.asked.append((command, input))
        assert isinstance(self.answer, Ran)
        return self.answer

    async def close(self) -> None:
        pass


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(jump_steps, "connect", made.connect)
    # Each step runs in a thread of its own; here the test's connection must stay open.
    monkeypatch.setattr(jump_steps, "connections", type("", (), {"close_all": staticmethod(lambda: None)}))
    return made


@pytest.fixture
def chosen(allocation: Allocation, member: User) -> Instance:
    lent = door(allocation, member)
    jumps.choose(instance=lent, by=member)
    return lent


def step(kind: str) -> Any:
    return Step(Operation.objects.select_related("by").get(kind=kind))


def test_the_script_is_run_by_the_machines_own_login_with_sudo(chosen: Instance, far: Machine) -> None:
    assert isinstance(jump_steps.install(step(jumps.INSTALL)), Done)
    [(command, script)] = far.asked
    assert command == "sudo -n sh -s -- install"
    assert f"{chosen.pk}:heliojump".encode() in script
    assert (far.way.login, far.person) == ("exouser", chosen.owner.username if chosen.owner else "")
    assert JumpHost.objects.get().ready_at is not None


def test_twice_is_as_good_as_once(chosen: Instance, far: Machine) -> None:
    jump_steps.install(step(jumps.INSTALL))
    first = JumpHost.objects.get().ready_at
    assert isinstance(jump_steps.install(step(jumps.INSTALL)), Done)
    second = JumpHost.objects.get().ready_at
    assert first is not None and second is not None and second >= first


@pytest.mark.parametrize(
    ("ran", "said"),
    [
        (
            Ran(1, b"heliojump: not installed: sshd does not take the rules\n", b""),
            "sshd does not take the rules",
        ),
        (Ran(1, b"", b"sudo: a password is required\n"), "sudo: a password is required"),
        (Ran(0, b"heliojump: installed?\x1b]0;owned\x07\n", b""), "installed? ]0;owned "),
        (Ran(0, b"", b""), "nothing"),
        (Ran(-1, b"", b""), "nothing"),
    ],
)
def test_a_machine_that_does_not_say_so_is_not_the_jump_host(
    chosen: Instance, far: Machine, ran: Ran, said: str
) -> None:
    far.answer = ran
    with pytest.raises(PortalError) as refusal:
        jump_steps.install(step(jumps.INSTALL))
    assert refusal.value.id == "remote:jump-refused" and said in refusal.value.problem.what
    assert JumpHost.objects.get().ready_at is None


def test_a_refused_certificate_does_not_stop_the_persons_other_work(chosen: Instance, far: Machine) -> None:
    """Outcome auth would be taken for a credential at the cloud that has ended, and pause what waits for it."""
    far.answer = PortalError("remote:certificate-refused", outcome="auth", name="door", login="exouser")
    with pytest.raises(PortalError) as refusal:
        jump_steps.install(step(jumps.INSTALL))
    assert (refusal.value.id, refusal.value.outcome) == ("remote:certificate-refused", "refused")


def test_one_that_does_not_answer_is_tried_again(chosen: Instance, far: Machine) -> None:
    far.answer = PortalError("remote:timeout", outcome="retry", name="door")
    with pytest.raises(PortalError) as refusal:
        jump_steps.install(step(jumps.INSTALL))
    assert refusal.value.outcome == "retry"


def test_one_that_was_deleted_meanwhile_is_told(chosen: Instance, far: Machine) -> None:
    Instance.objects.filter(pk=chosen.pk).update(deleted_at=chosen.created_at)
    with pytest.raises(PortalError) as refusal:
        jump_steps.install(step(jumps.INSTALL))
    assert refusal.value.id == "instances:deleted-meanwhile" and not far.asked


def test_removing_takes_the_login_away(chosen: Instance, far: Machine, member: User) -> None:
    jumps.remove(allocation=chosen.allocation, by=member)
    far.answer = Ran(0, b"heliojump: removed\n", b"")
    assert isinstance(jump_steps.remove(step(jumps.REMOVE)), Done)
    assert far.asked[0][0] == "sudo -n sh -s -- remove"


def test_a_deleted_machine_needs_no_removing(chosen: Instance, far: Machine, member: User) -> None:
    jumps.remove(allocation=chosen.allocation, by=member)
    Instance.objects.filter(pk=chosen.pk).update(deleted_at=chosen.created_at)
    assert isinstance(jump_steps.remove(step(jumps.REMOVE)), Done) and not far.asked
