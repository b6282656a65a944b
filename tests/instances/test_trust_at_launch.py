"""What a launch tells a new machine about certificates, and what is written down of it."""

from collections.abc import Iterator, Sequence

import pytest

from instances import hooks, services
from instances.models import Instance
from portal.operations.models import Operation
from tests.instances.demo import Project

pytestmark = pytest.mark.django_db(transaction=True)
OLD = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOm1dPHF0vZG8q1nGFm0W1YlHcXUuZ1mB6vJ2V7d7n2Q"
NEW = OLD.replace("Om1d", "Om2d")
Told = list[tuple[Instance, str, Sequence[str]]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    found: Told = []
    monkeypatch.setattr(hooks, "_authorities", [lambda: [NEW, OLD]])
    monkeypatch.setattr(hooks, "_trusts", [lambda *what: found.append(what)])
    yield found


def launch(project: Project) -> Operation:
    [op] = services.launch(
        allocation=project.allocation, by=project.people["bob"], request=project.request("lab")
    )
    return op


def made(op: Operation) -> bool:
    return Instance.objects.filter(pk=op.target_id).exclude(server_id="").exists()


def test_a_launch_says_what_its_machine_trusts_once_the_server_is_there(project: Project, told: Told) -> None:
    op = launch(project)
    assert told == []
    project.settle(op, until=lambda: made(op))
    row = Instance.objects.get(pk=op.target_id)
    assert told == [(row, "exouser", [NEW, OLD])]
    assert row.server_id


def test_it_says_what_was_asked_for_although_the_answer_was_lost(
    project: Project, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.demo.fault("lost-reply", service="compute", method="POST", path="/servers$", count=1)
    op = launch(project)
    project.settle(op, until=lambda: "asked_at" in op.progress)
    # What is trusted by machines of tomorrow is nothing that this one was told.
    monkeypatch.setattr(hooks, "_authorities", [lambda: [NEW]])
    project.settle(op, until=lambda: made(op))
    assert {tuple(authorities) for _, _, authorities in told} == {(NEW, OLD)}


def test_where_nobody_signs_nothing_is_said(
    project: Project, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "_authorities", [])
    op = launch(project)
    project.settle(op, until=lambda: made(op))
    assert told == []


def test_one_that_is_registered_twice_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_authorities", [])

    def keys() -> list[str]:
        return [OLD]

    hooks.trusted_authorities(keys)
    hooks.trusted_authorities(keys)
    assert hooks.authorities() == [OLD]
