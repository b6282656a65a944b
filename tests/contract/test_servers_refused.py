"""What a cloud does not make, and what it does not show to others."""

from collections.abc import Callable

import pytest

from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.core.errors import PortalError
from tests.contract.maker import RUN, Maker

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
        ({"availability_zone": "nowhere"}, "cloud:bad-request"),
        ({"security_groups": (NOWHERE,)}, "cloud:bad-request"),
        ({"user_data": b"x" * 70_000}, "cloud:bad-request"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_for_good(
    cloud: Cloud, make: Maker, wanted: dict[str, object], error_id: str
) -> None:
    with pytest.raises(PortalError) as refused:
        make.server(**wanted)
    assert (refused.value.id, refused.value.outcome) == (error_id, "refused")
    assert refused.value.detail


def test_a_name_with_markup_is_kept_as_it_is(cloud: Cloud, server_id: str) -> None:
    name = f"{RUN} <script>alert(1)</script> & ü 'x'"
    servers.rename(cloud, server_id, name)
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


def test_servers_of_another_project_do_not_exist_for_a_stranger(server_id: str, stranger: Cloud) -> None:
    for name, attempt in ATTEMPTS.items():
        with pytest.raises(PortalError) as hidden:
            attempt(stranger, server_id)
        assert (hidden.value.id, hidden.value.outcome) == ("cloud:not-found", "refused"), name


def test_servers_being_built_are_closed_to_a_stranger_too(make: Maker, stranger: Cloud) -> None:
    # Until it is scheduled, a real Nova says "forbidden" instead, and so admits that there is something.
    server_id = make.server()
    for name, attempt in ATTEMPTS.items():
        with pytest.raises(PortalError) as closed:
            attempt(stranger, server_id)
        assert closed.value.id in {"cloud:not-found", "cloud:forbidden"}, name


def test_a_colleague_sees_the_server_and_whose_it_is(cloud: Cloud, colleague: Cloud, server_id: str) -> None:
    assert servers.get_server(colleague, server_id).user_id == cloud.user_id
