"""A cloud that answers nonsense is told as such; a mistake of ours is never taken for it."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.cloud import calls, flavors, images, keypairs, networks, quotas, servers, translate
from portal.cloud.connection import Cloud
from portal.cloud.types import Flavor
from portal.core.errors import PortalError
from tests.portal.cloud.stub import Answer, Stub

NONSENSE: tuple[Any, ...] = (
    None,
    [],
    "text",
    7,
    {},
    {"servers": None},
    {"servers": "none"},
    {"servers": [3]},
)


@pytest.mark.parametrize("body", NONSENSE)
def test_a_list_of_servers_that_is_none_is_the_clouds_trouble(cloud: Cloud, stub: Stub, body: Any) -> None:
    stub.compute("GET", "/servers/detail", Answer(200, body))
    with pytest.raises(PortalError) as odd:
        servers.list_servers(cloud)
    assert odd.value.id == "cloud:bad-answer"


@pytest.mark.parametrize(
    ("path", "body", "read"),
    [
        ("/flavors/detail", {"flavors": [{"name": "no id"}]}, flavors.list_flavors),
        ("/flavors/detail", {"flavors": [{"id": "1", "vcpus": "many"}]}, flavors.list_flavors),
        ("/flavors/detail", {"flavors": [{"id": "1", "vcpus": [2]}]}, flavors.list_flavors),
        ("/flavors/detail", {"flavors": [{"id": "1", "extra_specs": ["a"]}]}, flavors.list_flavors),
        ("/os-keypairs", {"keypairs": [{}]}, keypairs.list_keypairs),
        ("/os-keypairs", {"keypairs": [[]]}, keypairs.list_keypairs),
        ("/limits", {"limits": {"absolute": {"maxTotalCores": {}}}}, quotas.compute_quotas),
        ("/limits", {"limits": []}, quotas.compute_quotas),
    ],
)
def test_answers_with_wrong_parts_are_the_clouds_trouble(
    cloud: Cloud, stub: Stub, path: str, body: Any, read: Callable[[Cloud], Any]
) -> None:
    stub.compute("GET", path, Answer(200, body))
    with pytest.raises(PortalError) as odd:
        read(cloud)
    assert odd.value.id == "cloud:bad-answer"


def test_what_is_no_json_is_the_clouds_trouble(cloud: Cloud, stub: Stub) -> None:
    stub.on("GET", "/image/v2/images", Answer(200, body=b"<html>hello</html>"))
    with pytest.raises(PortalError) as odd:
        images.list_images(cloud)
    assert odd.value.id == "cloud:bad-answer"


def test_the_log_tells_operators_where_the_answer_was_read(
    cloud: Cloud, stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    stub.compute("GET", "/servers/detail", Answer(200, {"servers": [3]}))
    with pytest.raises(PortalError):
        servers.list_servers(cloud)
    [record] = [record for record in caplog.records if record.name == "portal.cloud.translate"]
    assert record.exc_info is not None
    assert "an answer of compute cannot be read" in record.message


def mistakes(cloud: Any) -> dict[str, Callable[[], Any]]:
    """Calls of ours that are wrong, whatever the cloud answers."""
    loose: Any = calls.send
    read: Any = servers.list_servers
    group: Any = networks.ensure_security_group
    flavor: Any = Flavor
    return {
        "an argument too many": lambda: read(cloud, "yesterday"),
        "an unknown argument": lambda: read(cloud, since=1),
        "an argument too few": lambda: group(cloud),
        "an object that is no cloud": lambda: read(object()),
        "a path that is no text": lambda: loose(cloud, "compute", "GET", None),
        "a body that is no JSON": lambda: loose(cloud, "compute", "POST", "/servers", json={"a": object()}),
        "a value without its fields": lambda: flavor(id="1"),
        "a result that is called": lambda: read(cloud)(),
        "a name that a module lacks": lambda: loose.__globals__["translate"].no_such_name,
    }


@pytest.mark.parametrize("which", sorted(mistakes(None)))
def test_mistakes_of_ours_are_not_blamed_on_the_cloud(cloud: Cloud, stub: Stub, which: str) -> None:
    stub.compute("GET", "/servers/detail", Answer(200, {"servers": []}))
    with pytest.raises((TypeError, AttributeError)), translate.translated("compute"):
        mistakes(cloud)[which]()


def test_an_observer_that_fails_is_a_mistake_of_ours(cloud: Cloud, stub: Stub) -> None:
    """Whatever watches calls runs inside of them."""
    stub.compute("GET", "/servers/detail", Answer(200, {"servers": []}))

    def observer(*facts: Any) -> None:
        observer.no_such_attribute  # type: ignore[attr-defined]  # noqa: B018

    from portal.cloud.wire import on_call

    on_call.append(observer)
    try:
        with pytest.raises(AttributeError):
            servers.list_servers(cloud)
    finally:
        on_call.remove(observer)
