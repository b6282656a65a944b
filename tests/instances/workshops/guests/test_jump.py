"""The jump host of a workshop: made once, brought back, replaced when it is lost, and watched while a class needs it."""

import socket
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance
from instances.remote import jumps
from instances.remote.models import JumpHost
from instances.workshops.guests import firewall, jump_watch
from instances.workshops.guests.jump import ensure_jump
from instances.workshops.guests.models import Firewall, JumpWatch
from instances.workshops.models import Workshop
from portal.accounts.models import CloudCredential, User
from portal.core.models import AuditEvent
from portal.operations.models import Operation
from tests.instances.remote.test_jumps import NEAR, again, door, made_jump
from tests.instances.rows import offer
from tests.instances.workshops.room import make_workshop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def offered(allocation: Allocation) -> None:
    offer(allocation)


def change(jump: JumpHost, **fields: Any) -> None:
    Instance.objects.filter(pk=jump.instance_id).update(**fields)


def asked() -> list[tuple[str, str]]:
    return [(op.kind, op.target_id) for op in Operation.objects.filter(state="queued").order_by("pk")]


@pytest.fixture
def jump(workshop: Workshop, member: User) -> JumpHost:
    return made_jump(workshop.allocation, member)


class TestEnsuring:
    def test_the_first_time_it_is_made_and_waited_for(self, workshop: Workshop, member: User) -> None:
        found = ensure_jump(workshop)
        assert (found.ok, found.problem) == (False, None) and "making it" in found.words
        [op] = Operation.objects.all()
        assert (op.kind, op.spec["role"], op.spec["address"]) == ("instance.launch", "jump", "automatic")
        made = again(workshop.allocation)
        assert (made.how, made.instance.owner) == ("made", member)

    def test_asked_again_nothing_more_is_made(self, workshop: Workshop) -> None:
        for _ in range(3):
            ensure_jump(workshop)
        assert Operation.objects.count() == 1 and JumpHost.objects.count() == 1

    def test_who_made_it_was_the_portal_for_the_workshop(self, workshop: Workshop) -> None:
        ensure_jump(workshop)
        event = AuditEvent.objects.get(action="remote.jump-made")
        assert event.actor_name == "the portal"
        assert workshop.title in event.detail["why"]

    def test_it_is_on_the_network_of_the_seats(self, workshop: Workshop) -> None:
        Workshop.objects.filter(pk=workshop.pk).update(network_id="net-1")
        workshop.refresh_from_db()
        ensure_jump(workshop)
        assert Operation.objects.get().spec["network_id"] == "net-1"

    def test_one_that_is_ready_is_all_that_is_wanted(self, workshop: Workshop, jump: JumpHost) -> None:
        assert ensure_jump(workshop).ok and asked() == []

    def test_two_workshops_of_a_project_share_one(self, workshop: Workshop, member: User) -> None:
        other = make_workshop(workshop.allocation, member, title="Another")
        ensure_jump(workshop)
        ensure_jump(other)
        assert JumpHost.objects.count() == 1 and Operation.objects.count() == 1

    @pytest.mark.parametrize(
        ("status", "kind"),
        [("SHUTOFF", "instance.start"), ("SHELVED_OFFLOADED", "instance.unshelve")],
    )
    def test_one_that_was_put_away_is_brought_back_once(
        self, workshop: Workshop, jump: JumpHost, status: str, kind: str
    ) -> None:
        change(jump, status=status)
        for _ in range(2):
            found = ensure_jump(workshop)
            assert not found.ok and found.words and found.problem is None
        assert asked() == [(kind, str(jump.instance_id))]

    def test_one_without_its_address_gets_another(self, workshop: Workshop, jump: JumpHost) -> None:
        change(jump, public_address="")
        assert not ensure_jump(workshop).ok
        assert asked() == [("instance.assign_address", str(jump.instance_id))]

    @pytest.mark.parametrize("lost", [{"status": "ERROR"}, {"setup_status": "error"}])
    def test_one_that_broke_is_replaced_and_its_rest_deleted(
        self, workshop: Workshop, jump: JumpHost, lost: dict[str, Any]
    ) -> None:
        change(jump, **lost)
        ensure_jump(workshop)
        now = again(workshop.allocation)
        assert now.instance_id != jump.instance_id
        assert [kind for kind, _ in asked()] == ["instance.delete", "instance.launch"]

    def test_one_that_was_deleted_in_horizon_is_replaced(self, workshop: Workshop, jump: JumpHost) -> None:
        change(jump, deleted_at=timezone.now())
        ensure_jump(workshop)
        assert again(workshop.allocation).instance_id != jump.instance_id
        assert [kind for kind, _ in asked()] == ["instance.launch"]

    def test_a_lent_machine_that_cannot_be_set_up_is_a_persons_to_mend(
        self, workshop: Workshop, member: User
    ) -> None:
        lent = jumps.choose(instance=door(workshop.allocation, member), by=member)
        Operation.objects.all().update(state="failed")
        JumpHost.objects.filter(pk=lent.pk).update(error_id="remote:jump-refused")
        found = ensure_jump(workshop)
        assert found.problem is not None and found.problem.id == "workshops:jump-down"

    def test_after_four_within_an_hour_a_person_has_to_look(self, workshop: Workshop) -> None:
        for _ in range(6):
            ensure_jump(workshop)
            Operation.objects.all().update(state="failed")
            Instance.objects.filter(metadata__helioRole="jump").update(status="ERROR")
        found = ensure_jump(workshop)
        assert found.problem is not None and found.problem.id == "workshops:jump-down"
        assert Operation.objects.filter(kind="instance.launch").count() == 4
        Instance.objects.all().update(created_at=timezone.now() - timedelta(hours=2))
        assert ensure_jump(workshop).problem is None

    def test_where_nobody_is_connected_that_is_the_reason(self, workshop: Workshop) -> None:
        CloudCredential.objects.all().delete()
        found = ensure_jump(workshop)
        assert found.problem is not None and found.problem.id == "instances:nobody-to-act"
        assert not Operation.objects.exists() and not JumpHost.objects.exists()

    def test_it_is_made_with_a_managers_credential_when_the_owner_has_left(
        self, workshop: Workshop, pi: User
    ) -> None:
        Workshop.objects.filter(pk=workshop.pk).update(owner=None)
        CloudCredential.objects.exclude(user=pi).delete()
        workshop.refresh_from_db()
        assert ensure_jump(workshop).problem is None
        assert Operation.objects.get().by == pi


class TestTheGroupStaysTrue:
    def put(self, workshop: Workshop) -> Firewall:
        source = firewall.source_of(workshop.allocation)
        return Firewall.objects.create(
            workshop=workshop, group_id="g-1", source=source.key, put_at=timezone.now()
        )

    def test_a_jump_host_of_ours_is_known_by_its_group(self, workshop: Workshop, jump: JumpHost) -> None:
        change(jump, security_groups=["heliosphere-jump"])
        source = firewall.source_of(workshop.allocation)
        assert (source.jump_group, source.addresses) == (True, ())

    def test_another_one_of_ours_changes_no_rule(self, workshop: Workshop, jump: JumpHost) -> None:
        change(jump, security_groups=["heliosphere-jump"])
        self.put(workshop)
        change(jump, deleted_at=timezone.now())
        ensure_jump(workshop)
        assert firewall.KEEP_TRUE not in [kind for kind, _ in asked()]

    def test_a_lent_one_is_known_by_its_address_and_the_rule_follows(
        self, workshop: Workshop, jump: JumpHost, member: User
    ) -> None:
        change(jump, security_groups=["heliosphere-jump"])
        self.put(workshop)
        lent = jumps.choose(instance=door(workshop.allocation, member), by=member)
        JumpHost.objects.filter(pk=lent.pk).update(ready_at=timezone.now())
        assert firewall.source_of(workshop.allocation).addresses == (NEAR[0]["address"],)
        ensure_jump(workshop)
        ensure_jump(workshop)
        assert [kind for kind, _ in asked()].count(firewall.KEEP_TRUE) == 1

    def test_after_half_an_hour_it_is_looked_at_again(self, workshop: Workshop, jump: JumpHost) -> None:
        known = self.put(workshop)
        ensure_jump(workshop)
        assert asked() == []
        Firewall.objects.filter(pk=known.pk).update(put_at=timezone.now() - timedelta(minutes=31))
        ensure_jump(workshop)
        assert asked() == [(firewall.KEEP_TRUE, str(workshop.pk))]

    def test_before_the_first_seat_there_is_nothing_to_keep(self, workshop: Workshop, jump: JumpHost) -> None:
        ensure_jump(workshop)
        assert asked() == []


class TestWatching:
    @pytest.fixture(autouse=True)
    def answers(self, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
        """What the jump host says: the last of these."""
        said = [True]
        monkeypatch.setattr(jump_watch, "answers_ssh", lambda address, port: said[-1])
        return said

    def later(self, **moved: timedelta) -> None:
        for name, by in moved.items():
            watch = JumpWatch.objects.get()
            setattr(watch, name, getattr(watch, name) - by)
            watch.save()

    def test_one_that_answers_is_left_alone(self, jump: JumpHost) -> None:
        jump_watch.look()
        assert JumpWatch.objects.get().silent_since is None and asked() == []

    def test_one_silence_is_nothing(self, jump: JumpHost, answers: list[bool]) -> None:
        answers.append(False)
        jump_watch.look()
        assert JumpWatch.objects.get().silent_since is not None and asked() == []
        answers.append(True)
        jump_watch.look()
        assert JumpWatch.objects.get().silent_since is None

    def test_a_longer_one_restarts_it_once_and_then_it_is_replaced(
        self, workshop: Workshop, jump: JumpHost, answers: list[bool]
    ) -> None:
        answers.append(False)
        jump_watch.look()
        self.later(silent_since=timedelta(minutes=1))
        jump_watch.look()
        jump_watch.look()
        assert asked() == [("instance.hard_reboot", str(jump.instance_id))]
        Operation.objects.all().update(state="done")
        self.later(restarted_at=timedelta(minutes=4))
        jump_watch.look()
        assert [kind for kind, _ in asked()] == ["instance.delete", "instance.launch"]
        assert again(workshop.allocation).instance_id != jump.instance_id

    def test_a_new_one_is_watched_from_its_beginning(
        self, workshop: Workshop, jump: JumpHost, answers: list[bool], member: User
    ) -> None:
        answers.append(False)
        jump_watch.look()
        self.later(silent_since=timedelta(minutes=5))
        change(jump, deleted_at=timezone.now())
        made_jump(workshop.allocation, member, server_id="s-2")
        jump_watch.look()
        assert asked() == []

    def test_without_a_class_that_is_open_nobody_looks(
        self, workshop: Workshop, jump: JumpHost, answers: list[bool]
    ) -> None:
        Workshop.objects.filter(pk=workshop.pk).update(state=Workshop.State.ENDED)
        answers.append(False)
        jump_watch.look()
        assert not JumpWatch.objects.exists()

    def test_a_machine_that_cannot_be_restarted_is_replaced_in_its_time(
        self, workshop: Workshop, jump: JumpHost, answers: list[bool]
    ) -> None:
        change(jump, locked=True)
        answers.append(False)
        jump_watch.look()
        self.later(silent_since=timedelta(minutes=1))
        jump_watch.look()
        assert asked() == [] and JumpWatch.objects.get().restarted_at is not None


def test_an_sshd_says_its_name_and_nothing_else_does() -> None:
    for said, answers in ((b"SSH-2.0-x\r\n", True), (b"HTTP/1.1 400\r\n", False)):
        with socket.create_server(("127.0.0.1", 0)) as server:
            words = said

            def greet(server: socket.socket = server, words: bytes = words) -> None:
                one, _ = server.accept()
                with one:
                    one.sendall(words)

            thread = threading.Thread(target=greet)
            thread.start()
            assert jump_watch.answers_ssh("127.0.0.1", server.getsockname()[1]) is answers
            thread.join()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not jump_watch.answers_ssh("127.0.0.1", port)
