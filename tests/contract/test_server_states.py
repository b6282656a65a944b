"""What Nova refuses of a server in a state that is not for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from instances.actions import ACTIONS
from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.core.errors import PortalError
from tests.contract.places import Place
from tests.contract.waiting import until

Do = Callable[[Cloud, str], object]
# What leads from ACTIVE to a state, and back.
WAYS: dict[str, tuple[Do, Do]] = {
    "SHUTOFF": (servers.stop, servers.start),
    "SUSPENDED": (servers.suspend, servers.resume),
    "PAUSED": (servers.pause, servers.unpause),
    "SHELVED_OFFLOADED": (servers.shelve, servers.unshelve),
}
DOES: dict[str, Do] = {
    "start": servers.start,
    "stop": servers.stop,
    "reboot": servers.reboot,
    "suspend": servers.suspend,
    "pause": servers.pause,
    "shelve": servers.shelve,
    "unshelve": servers.unshelve,
    "confirm_resize": servers.confirm_resize,
    "revert_resize": servers.revert_resize,
    "unpause": servers.unpause,
    "snapshot": lambda cloud, server_id: servers.create_image(cloud, server_id, "never"),
    "resize": lambda cloud, server_id: servers.resize(cloud, server_id, "2"),
}
REFUSED: dict[str, set[str]] = {
    "ACTIVE": {"start", "unshelve", "confirm_resize", "revert_resize", "unpause"},
    "SHUTOFF": {
        *("stop", "reboot", "suspend", "pause"),
        *("unshelve", "confirm_resize", "revert_resize", "unpause"),
    },
    "SUSPENDED": {
        *("start", "stop", "reboot", "suspend", "pause", "resize"),
        *("unshelve", "confirm_resize", "revert_resize", "unpause"),
    },
    "PAUSED": {
        *("start", "stop", "reboot", "suspend", "pause", "resize"),
        *("unshelve", "confirm_resize", "revert_resize"),
    },
    "SHELVED_OFFLOADED": {
        *("start", "stop", "reboot", "suspend", "pause", "resize", "shelve", "snapshot"),
        *("confirm_resize", "revert_resize", "unpause"),
    },
}


@contextmanager
def brought_to(place: Place, cloud: Cloud, server_id: str, status: str) -> Iterator[None]:
    if status not in WAYS:
        yield
        return
    there, back = WAYS[status]
    there(cloud, server_id)
    until(place, cloud, server_id, lambda seen: seen.status == status)
    yield
    back(cloud, server_id)
    until(place, cloud, server_id, lambda seen: seen.status == "ACTIVE")


@pytest.mark.parametrize("status", REFUSED)
def test_what_a_state_forbids_is_refused_and_named(
    cloud: Cloud, place: Place, server_id: str, status: str
) -> None:
    # "pause" of what is paused, and the like: the way there is not tried again by mistake.
    with brought_to(place, cloud, server_id, status):
        said = {name: refusal(cloud, server_id, DOES[name]) for name in sorted(REFUSED[status])}
        assert servers.get_server(cloud, server_id).status == status
    assert set(said.values()) <= {"cloud:wrong-state", "cloud:conflict"}, said


def refusal(cloud: Cloud, server_id: str, do: Do) -> str:
    with pytest.raises(PortalError) as refused:
        do(cloud, server_id)
    assert refused.value.outcome == "refused"
    return refused.value.id


def test_the_portal_offers_nothing_that_the_cloud_refuses() -> None:
    offered = {
        (status, name)
        for status, refused in REFUSED.items()
        for name in refused & ACTIONS.keys()
        if status in (ACTIONS[name].states or ())
    }
    assert offered == set()
