"""A seat whose machine is a real sshd, and a learner's browser there."""

from typing import Any

import pytest

from instances.models import Instance
from instances.remote import authority
from instances.remote.models import MachineTrust
from instances.workshops.models import Seat, SeatMachine, Workshop
from portal.accounts.models import User
from tests.instances import rows
from tests.instances.remote.conftest import machine, sshd
from tests.instances.remote.pages import Browser, Refused
from tests.instances.remote.sshd import Sshd
from tests.instances.workshops.room import make_learner, make_workshop, seat_of, sit

__all__ = ["machine", "sshd"]


@pytest.fixture
def at_sshd(machine: Instance, sshd: Sshd, member: User, lea: User) -> Seat:
    """Seat 1, lea's: the machine takes the portal's certificate for the workshop's login."""
    machine.metadata = {"helioRole": "seat"}
    machine.save(update_fields=["metadata"])
    made = make_workshop(machine.allocation, member, login=sshd.login)
    SeatMachine.objects.create(workshop=made, instance=machine, made_at=made.created_at)
    return sit(seat_of(made), make_learner(made, lea), machine)


@pytest.fixture
def spare(at_sshd: Seat, sshd: Sshd, member: User) -> Instance:
    """A second machine, which is the same sshd by another name."""
    made = rows.machine(
        at_sshd.workshop.allocation,
        member,
        name="spare",
        metadata={"helioRole": "seat"},
        public_address="127.0.0.1",
        host_keys=[sshd.host_key],
    )
    keys = authority.trusted()
    principals = sshd.etc.parent / "principals"
    principals.write_text(principals.read_text() + authority.principal(made.pk, sshd.login) + "\n")
    now = at_sshd.stage_since
    MachineTrust.objects.create(instance=made, login=sshd.login, authorities=keys, how="launch", at=now)
    SeatMachine.objects.create(workshop=at_sshd.workshop, instance=made, made_at=now)
    return made


class Learning(Browser):
    """Asks for sessions as the learner's page does: nothing that it sends names a machine."""

    def __init__(self, user: User, workshop: Workshop) -> None:
        super().__init__(user)
        self.workshop = workshop

    def ask(self, machine: Instance | None, kind: str = "shell", **more: str) -> dict[str, Any]:
        response = self.client.post(f"/w/{self.workshop.pk}/open/", {"kind": kind, **more})
        found: dict[str, Any] = response.json()
        if response.status_code != 200:
            raise Refused(response.status_code, found["problem"])
        return found


@pytest.fixture
def learning(lea: User, at_sshd: Seat) -> Learning:
    return Learning(lea, at_sshd.workshop)
