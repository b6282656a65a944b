"""What a cloud does not make, and what it does not show to others."""

from collections.abc import Callable

import pytest

from portal.cloud import servers, volumes
from portal.cloud.connection import Cloud
from portal.core.errors import PortalError
from tests.contract.conftest import Maker

NOWHERE = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("wanted", "error_id"),
    [
        ({"flavor_id": NOWHERE}, "cloud:flavor-not-found"),
        ({"image_id": NOWHERE}, "cloud:image-not-found"),
        ({"key_name": "no such key"}, "cloud:bad-request"),
        ({"network_ids": (NOWHERE,)}, "cloud:bad-request"),
        ({"name": ""}, "cloud:bad-request"),
        ({"name": "x" * 256}, "cloud:bad-request"),
        ({"name": "sunflower 🌻"}, "cloud:bad-request"),
        ({"metadata": {"k": "v" * 256}}, "cloud:bad-request"),
        ({"tags": ("a/b",)}, "cloud:bad-request"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_for_good(
    cloud: Cloud, make: Maker, wanted: dict[str, object], error_id: str
) -> None:
    with pytest.raises(PortalError) as refused:
        make.server(**wanted)
    assert (refused.value.id, refused.value.outcome) == (error_id, "refused")
    assert refused.value.detail


def test_a_name_with_markup_is_kept_as_it_is(cloud: Cloud, make: Maker) -> None:
    name = "<script>alert(1)</script> & ü 'x'"
    server_id = make.server(name=name)
    assert servers.get_server(cloud, server_id).name == name


ATTEMPTS: dict[str, Callable[[Cloud, str], object]] = {
    "read": servers.get_server,
    "stop": servers.stop,
    "delete": servers.delete_server,
    "console log": servers.console_output,
    "console": servers.remote_console,
    "history": servers.actions_of,
    "rename": lambda cloud, server_id: servers.rename(cloud, server_id, "mine"),
    "metadata": lambda cloud, server_id: servers.set_metadata(cloud, server_id, {"a": "b"}),
}


def test_servers_of_another_project_do_not_exist_for_a_stranger(make: Maker, stranger: Cloud) -> None:
    server = make.active_server()
    for name, attempt in ATTEMPTS.items():
        with pytest.raises(PortalError) as hidden:
            attempt(stranger, server.id)
        assert (hidden.value.id, hidden.value.outcome) == ("cloud:not-found", "refused"), name


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_servers_being_built_are_closed_to_a_stranger_too(
    make: Maker, stranger: Cloud, attempt: Callable[[Cloud, str], object]
) -> None:
    # Until it is scheduled, a real Nova says "forbidden" instead, and so admits that there is something.
    server_id = make.server()
    with pytest.raises(PortalError) as closed:
        attempt(stranger, server_id)
    assert closed.value.id in {"cloud:not-found", "cloud:forbidden"}


def test_a_stranger_finds_nothing_by_tag_and_sees_nothing_in_lists(make: Maker, stranger: Cloud) -> None:
    tag = f"op:{make.name()}"
    server_id = make.server(tags=(tag,))
    assert servers.find_by_tag(stranger, tag) is None
    assert server_id not in {server.id for server in servers.list_servers(stranger)}


def test_a_colleague_sees_the_server_and_whose_it_is(cloud: Cloud, colleague: Cloud, make: Maker) -> None:
    server_id = make.server()
    assert servers.get_server(colleague, server_id).user_id == cloud.user_id


def test_a_volume_beyond_the_quota_is_refused_in_numbers(cloud: Cloud) -> None:
    with pytest.raises(PortalError) as refused:
        volumes.create_volume(cloud, name="too large", size_gb=1_000_000)
    assert (refused.value.id, refused.value.params["requested"]) == ("cloud:quota", 1_000_000)
    assert refused.value.params["limit"] < 1_000_000


def test_a_name_of_300_characters_does_not_rename(cloud: Cloud, make: Maker) -> None:
    server_id = make.server()
    with pytest.raises(PortalError) as refused:
        servers.rename(cloud, server_id, "x" * 300)
    assert refused.value.id == "cloud:bad-request"
