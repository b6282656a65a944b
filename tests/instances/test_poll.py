"""One reading of a project: what is asked of the cloud, and what is made of the answer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.mirror import poll as polling
from instances.models import Instance, Poll
from portal.cloud.types import Server
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.instances.servers import LONG_AGO, server


class FakeCloud:
    """Stands in for the gateway: lists what it is told to, and notes what it was asked."""

    def __init__(self) -> None:
        self.servers: list[Server] = []
        self.asked: list[Any] = []
        self.looked_up: list[str] = []
        self.trouble: PortalError | None = None

    def list_servers(self, cloud: object, *, changes_since: Any = None) -> list[Server]:
        self.asked.append(changes_since)
        if self.trouble is not None:
            raise self.trouble
        return [one for one in self.servers if changes_since is None or one.updated >= changes_since]

    def get_server(self, cloud: object, server_id: str) -> Server:
        self.looked_up.append(server_id)
        found = next((one for one in self.servers if one.id == server_id), None)
        if found is None:
            raise PortalError("cloud:not-found")
        return found


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeCloud:
    made = FakeCloud()
    monkeypatch.setattr("instances.mirror.poll.servers", made)
    monkeypatch.setattr("instances.mirror.readers.read", lambda allocation, function, **more: function(made))
    return made


@pytest.fixture
def poll(allocation: Allocation) -> Poll:
    return Poll.objects.create(allocation=allocation, what="servers", next_at=timezone.now())


def read(poll: Poll, *, watched: bool = False) -> PortalError | None:
    return polling.store_outcome(poll, lambda: polling.read_servers(poll, watched=watched))


def test_the_first_reading_is_complete_and_the_next_asks_for_changes(poll: Poll, cloud: FakeCloud) -> None:
    cloud.servers = [server()]
    read(poll)
    read(poll)
    assert cloud.asked[0] is None
    assert cloud.asked[1] == cloud.servers[0].updated - timedelta(seconds=3)


def test_changes_are_counted_by_the_clouds_clock(poll: Poll, cloud: FakeCloud) -> None:
    fast = timezone.now() + timedelta(hours=1)
    cloud.servers = [server(updated=fast)]
    read(poll)
    assert poll.changes_since == fast
    slow = replace(server(), updated=LONG_AGO)
    cloud.servers.append(slow)
    read(poll)
    assert poll.changes_since == fast


def test_what_was_told_a_minute_ago_is_not_asked_for_again(poll: Poll, cloud: FakeCloud) -> None:
    cloud.servers = [server()]
    newest = cloud.servers[0].updated
    read(poll)
    poll.newest_at = timezone.now() - timedelta(seconds=61)
    read(poll)
    read(poll)
    assert cloud.asked[1:] == [newest + timedelta(seconds=1)] * 2
    assert poll.changes_since == newest


def test_after_something_new_a_moment_before_it_is_read_twice_again(poll: Poll, cloud: FakeCloud) -> None:
    cloud.servers = [server()]
    read(poll)
    poll.newest_at = timezone.now() - timedelta(seconds=61)
    later = cloud.servers[0].updated + timedelta(seconds=1)
    cloud.servers = [replace(cloud.servers[0], status="SHUTOFF", updated=later)]
    read(poll)
    assert Instance.objects.get().status == "SHUTOFF"
    read(poll)
    assert cloud.asked[-1] == later - timedelta(seconds=3)


def test_a_clock_of_the_cloud_that_was_set_back_is_followed_at_the_next_complete_reading(
    poll: Poll, cloud: FakeCloud
) -> None:
    cloud.servers = [server(updated=timezone.now() + timedelta(hours=1))]
    read(poll)
    cloud.servers = [replace(cloud.servers[0], updated=LONG_AGO)]
    poll.full_at, poll.newest_at = None, timezone.now() - timedelta(hours=2)
    read(poll)
    assert poll.changes_since == LONG_AGO
    read(poll)
    assert cloud.asked[-1] == LONG_AGO - timedelta(seconds=3)


def test_an_empty_answer_to_changes_is_no_news(poll: Poll, cloud: FakeCloud) -> None:
    cloud.servers = [server()]
    read(poll)
    before = poll.changes_since
    cloud.servers = []
    read(poll)
    assert poll.changes_since == before
    assert Instance.objects.filter(deleted_at=None).count() == 1
    assert cloud.looked_up == []


@pytest.mark.parametrize(
    ("watched", "seconds", "complete"),
    [(False, 200, False), (False, 301, True), (True, 29, False), (True, 31, True)],
)
def test_now_and_then_everything_is_compared_more_often_while_somebody_looks(
    poll: Poll, cloud: FakeCloud, watched: bool, seconds: int, complete: bool
) -> None:
    read(poll)
    poll.full_at = timezone.now() - timedelta(seconds=seconds)
    read(poll, watched=watched)
    assert (cloud.asked[-1] is None) is complete


def test_a_server_that_a_complete_list_lacks_is_asked_for_before_it_is_called_gone(
    poll: Poll, cloud: FakeCloud
) -> None:
    stays, goes = server("stays"), server("goes")
    cloud.servers = [stays, goes]
    read(poll)
    cloud.servers = [stays]
    poll.full_at = None
    read(poll)
    assert cloud.looked_up == [goes.id]
    gone = Instance.objects.get(name="goes")
    assert (gone.status, gone.deleted_at is not None) == ("DELETED", True)
    assert AuditEvent.objects.filter(action="instance.gone-elsewhere", target_id=str(gone.pk)).count() == 1


def test_a_server_that_only_the_list_forgot_stays(
    poll: Poll, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = server()
    cloud.servers = [found]
    read(poll)
    monkeypatch.setattr(cloud, "list_servers", lambda cloud, changes_since=None: [])
    poll.full_at = None
    read(poll)
    assert cloud.looked_up == [found.id]
    assert Instance.objects.get().deleted_at is None


def test_a_soft_deleted_server_is_shown_as_such(
    poll: Poll, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = server()
    cloud.servers = [found]
    read(poll)
    cloud.servers = [replace(found, status="SOFT_DELETED", vm_state="soft-delete")]
    monkeypatch.setattr(cloud, "list_servers", lambda cloud, changes_since=None: [])
    poll.full_at = None
    read(poll)
    assert Instance.objects.get().status == "SOFT_DELETED"


def test_many_missing_servers_are_asked_for_a_few_at_a_time(poll: Poll, cloud: FakeCloud) -> None:
    cloud.servers = [server(f"m{number}") for number in range(70)]
    read(poll)
    cloud.servers = []
    poll.full_at = None
    read(poll)
    assert len(cloud.looked_up) == 50
    assert Instance.objects.filter(deleted_at=None).count() == 20
    poll.full_at = None
    read(poll)
    assert Instance.objects.filter(deleted_at=None).count() == 0


def test_trouble_while_asking_for_a_missing_server_deletes_nothing(
    poll: Poll, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.servers = [server()]
    read(poll)

    def fails(cloud: object, server_id: str) -> Server:
        raise PortalError("cloud:timeout", outcome="retry")

    cloud.servers = []
    monkeypatch.setattr(cloud, "get_server", fails)
    poll.full_at = None
    assert read(poll) is not None
    assert Instance.objects.get().deleted_at is None
    assert poll.error_id == "cloud:timeout"


def test_a_failed_reading_keeps_the_time_of_the_last_good_one(poll: Poll, cloud: FakeCloud) -> None:
    read(poll)
    good, since, full = poll.ok_at, poll.changes_since, poll.full_at
    cloud.trouble = PortalError("cloud:unavailable", outcome="retry")
    read(poll)
    first = poll.failing_since
    read(poll)
    assert (poll.ok_at, poll.changes_since, poll.full_at) == (good, since, full)
    assert (poll.failures, poll.failing_since) == (2, first)
    cloud.trouble = None
    read(poll)
    assert (poll.failures, poll.failing_since, poll.error_id) == (0, None, "")


def test_a_bug_is_not_taken_for_a_cloud_that_is_away(
    poll: Poll, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud, "list_servers", lambda cloud, changes_since=None: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        read(poll)


def test_deletions_come_with_the_changes(poll: Poll, cloud: FakeCloud) -> None:
    found = server()
    cloud.servers = [found]
    read(poll)
    later = found.updated + timedelta(minutes=1)
    cloud.servers = [replace(found, status="DELETED", vm_state="deleted", updated=later, terminated_at=later)]
    read(poll)
    row = Instance.objects.get()
    assert (row.status, row.deleted_at) == ("DELETED", later)
