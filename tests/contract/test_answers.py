"""The demo cloud refuses in a real cloud's words: status, headers, shape and sentence of each answer.

Only a path that there is not gets another answer: the demo cloud says 501 and what it lacks."""

from collections.abc import Callable
from typing import Any

import pytest
from requests import Response

from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.cloud.types import Flavor
from tests.contract.answers import record, recorded, told
from tests.contract.maker import Maker
from tests.contract.places import Place
from tests.contract.test_catalogue import KEY
from tests.contract.waiting import eventually

NOWHERE = "00000000-0000-0000-0000-000000000000"
Ask = Callable[[], Response]


class Caller:
    """Calls as the gateway's libraries make them, but shows the answer itself."""

    def __init__(self, cloud: Cloud, place: Place) -> None:
        self.cloud, self.place = cloud, place

    def at(self, service: str, method: str, path: str, json: Any = None, **how: Any) -> Response:
        base = self.cloud.endpoint(service) or ""
        tail = {"image": "/v2", "network": "/v2.0"}.get(service, "")
        root = base.rstrip("/").removesuffix(tail) + tail
        versions = {"compute": "compute 2.90", "placement": "placement 1.29"}
        headers = {"OpenStack-API-Version": versions[service]} if service in versions else {}
        headers |= how.pop("headers", {})
        return self.cloud.session.request(
            root + path, method, json=json, headers=headers, raise_exc=False, **how
        )

    def nova(self, method: str, path: str, json: Any = None) -> Ask:
        return lambda: self.at("compute", method, path, json)

    def neutron(self, method: str, path: str, json: Any = None) -> Ask:
        return lambda: self.at("network", method, path, json)

    def cinder(self, method: str, path: str, json: Any = None) -> Ask:
        return lambda: self.at("block-storage", method, path, json)

    def glance(self, method: str, path: str, json: Any = None) -> Ask:
        return lambda: self.at("image", method, path, json)

    def keystone(self, method: str, path: str, json: Any = None, **how: Any) -> Ask:
        url = self.cloud.config.auth_url + path
        return lambda: self.cloud.session.request(url, method, json=json, raise_exc=False, **how)

    def unsigned(self, service: str, path: str) -> Ask:
        """With a token that is none."""
        headers = {"X-Auth-Token": "gAAAA-not-a-token"}
        return lambda: self.at(service, "GET", path, headers=headers, authenticated=False)

    def sign_in(self, identity: dict[str, Any], scope: Any = None) -> Ask:
        auth: dict[str, Any] = {"identity": identity} | ({"scope": scope} if scope else {})
        return self.keystone("POST", "/auth/tokens", {"auth": auth}, authenticated=False)


@pytest.fixture
def caller(cloud: Cloud, place: Place) -> Caller:
    return Caller(cloud, place)


def held(place: Place, answers: dict[str, Ask], *, only_heads: bool = False) -> None:
    """Record what a real cloud said; what the demo cloud says must be the same."""
    known: dict[str, dict[str, Any]] = recorded()
    wrong: list[str] = []
    for name, ask in answers.items():
        said = told(ask())
        if only_heads:
            said |= {"body": "", "says": []}
        if place.real:
            record(name, said)
            continue
        real = known.get(name, {})
        wrong += [
            f"{name}: {part} is {real.get(part)!r} there, {said[part]!r} here"
            for part in said
            if said[part] != real.get(part)
        ]
    assert wrong == [], "\n".join(wrong)


def test_nova_refuses_what_it_cannot_make(
    caller: Caller, place: Place, make: Maker, sizes: tuple[Flavor, Flavor]
) -> None:
    good = {
        "name": make.name(),
        "flavorRef": sizes[0].id,
        "imageRef": make.image.id,
        "networks": "none",
    }

    def create(**how: Any) -> Ask:
        return caller.nova("POST", "/servers", {"server": good | how})

    held(
        place,
        {
            "create: flavor that is not there": create(flavorRef="no-such"),
            "create: image that is not there": create(imageRef=NOWHERE),
            "create: key that is not there": create(key_name="no such key"),
            "create: network that is not there": create(networks=[{"uuid": NOWHERE}]),
            "create: group that is not there": create(
                networks="auto", security_groups=[{"name": "no such group"}]
            ),
            "create: zone that is not there": create(availability_zone="nowhere"),
            "create: name of nothing": create(name=""),
            "create: tag with a slash": create(tags=["a/b"]),
            "create: metadata too long": create(metadata={"k": "v" * 256}),
            "create: quota exceeded": create(min_count=100_000),
            "create: no name": caller.nova("POST", "/servers", {"server": {}}),
        },
    )


def test_nova_refuses_what_is_not_there_or_not_now(caller: Caller, place: Place, server_id: str) -> None:
    one = f"/servers/{server_id}"

    def act(action: str, value: Any = None) -> Ask:
        return caller.nova("POST", f"{one}/action", {action: value})

    held(
        place,
        {
            "server: not there": caller.nova("GET", f"/servers/{NOWHERE}"),
            "server: id that is none": caller.nova("GET", "/servers/not-an-id"),
            "server: start while active": act("os-start"),
            "server: resize to its own size": act("resize", {"flavorRef": _size_of(caller.cloud, server_id)}),
            "server: resize to no size": act("resize", {"flavorRef": "no-such"}),
            "server: confirm without a resize": act("confirmResize"),
            "server: rebuild from no image": act("rebuild", {"imageRef": NOWHERE}),
            "server: action that is not there": act("no-such-action"),
            "server: offload while active": act("shelveOffload"),
            "server: restore while active": act("restore"),
            "server: console of no kind": caller.nova(
                "POST", f"{one}/remote-consoles", {"remote_console": {"protocol": "spice", "type": "novnc"}}
            ),
            "server: tag that is not there": caller.nova("DELETE", f"{one}/tags/none"),
            "server: metadata that is not there": caller.nova("DELETE", f"{one}/metadata/none"),
            "server: volume that is not there": caller.nova(
                "POST", f"{one}/os-volume_attachments", {"volumeAttachment": {"volumeId": NOWHERE}}
            ),
            "server: volume that is not attached": caller.nova(
                "DELETE", f"{one}/os-volume_attachments/{NOWHERE}"
            ),
            "server: action of the past that is not there": caller.nova(
                "GET", f"{one}/os-instance-actions/req-{NOWHERE}"
            ),
            "servers: filter that is not there": caller.nova("GET", "/servers/detail?no_such_filter=1"),
            "servers: marker that is not there": caller.nova("GET", f"/servers/detail?marker={NOWHERE}"),
            "servers: time that is none": caller.nova("GET", "/servers/detail?changes-since=yesterday"),
            "servers: limit that is none": caller.nova("GET", "/servers/detail?limit=-1"),
            "servers: everybody's": caller.nova("GET", "/servers/detail?all_tenants=1"),
            "keypair: not there": caller.nova("DELETE", "/os-keypairs/no-such-key"),
            "keypair: junk": caller.nova(
                "POST", "/os-keypairs", {"keypair": {"name": "junk", "public_key": "junk"}}
            ),
        },
    )


def _size_of(cloud: Cloud, server_id: str) -> str:
    from portal.cloud import flavors

    name = servers.get_server(cloud, server_id).flavor_name
    return next(flavor.id for flavor in flavors.list_flavors(cloud) if flavor.name == name)


def test_nova_refuses_what_is_locked(caller: Caller, place: Place, server_id: str) -> None:
    servers.lock(caller.cloud, server_id, "exam")
    eventually(place, lambda: servers.get_server(caller.cloud, server_id).locked, lambda seen: seen)
    held(
        place,
        {"server: stop while locked": caller.nova("POST", f"/servers/{server_id}/action", {"os-stop": None})},
    )
    servers.unlock(caller.cloud, server_id)


def test_a_name_that_is_taken(caller: Caller, place: Place, make: Maker) -> None:
    name = make.keypair(KEY)
    taken = {"keypair": {"name": name, "public_key": KEY, "type": "ssh"}}
    held(place, {"keypair: name taken": caller.nova("POST", "/os-keypairs", taken)})


def test_neutron_refuses(caller: Caller, place: Place) -> None:
    held(
        place,
        {
            "address: not there": caller.neutron("DELETE", f"/floatingips/{NOWHERE}"),
            "address: of no network": caller.neutron(
                "POST", "/floatingips", {"floatingip": {"floating_network_id": NOWHERE}}
            ),
            "port: not there": caller.neutron("GET", f"/ports/{NOWHERE}"),
            "group: not there": caller.neutron("GET", f"/security-groups/{NOWHERE}"),
            "rule: not there": caller.neutron("DELETE", f"/security-group-rules/{NOWHERE}"),
            "rule: of no group": caller.neutron(
                "POST",
                "/security-group-rules",
                {"security_group_rule": {"security_group_id": NOWHERE, "direction": "ingress"}},
            ),
            "group: attribute that is not there": caller.neutron(
                "POST", "/security-groups", {"security_group": {"name": "x", "no_such": 1}}
            ),
            "networks: filter that is not there": caller.neutron("GET", "/networks?no_such_filter=1"),
            "networks: marker that is not there": caller.neutron(
                "GET", f"/networks?limit=1&marker={NOWHERE}"
            ),
        },
    )


def test_cinder_refuses(caller: Caller, place: Place) -> None:
    held(
        place,
        {
            "volume: not there": caller.cinder("GET", f"/volumes/{NOWHERE}"),
            "volume: too large": caller.cinder("POST", "/volumes", {"volume": {"size": 1_000_000}}),
            "volume: of no size": caller.cinder("POST", "/volumes", {"volume": {"size": 0}}),
            "volume: of no image": caller.cinder(
                "POST", "/volumes", {"volume": {"size": 1, "imageRef": NOWHERE}}
            ),
            "volumes: marker that is not there": caller.cinder("GET", f"/volumes/detail?marker={NOWHERE}"),
            "volumes: limit that is none": caller.cinder("GET", "/volumes/detail?limit=-1"),
        },
    )


def test_glance_refuses(caller: Caller, place: Place, make: Maker) -> None:
    held(
        place,
        {
            "image: not there": caller.glance("GET", f"/images/{NOWHERE}"),
            "image: of others": caller.glance("DELETE", f"/images/{make.image.id}"),
            "images: marker that is not there": caller.glance("GET", f"/images?marker={NOWHERE}"),
            "images: limit that is none": caller.glance("GET", "/images?limit=-1"),
            "images: visibility that is none": caller.glance("GET", "/images?visibility=nobody"),
        },
    )


def test_a_token_that_is_none_is_refused_by_every_service(caller: Caller, place: Place) -> None:
    held(
        place,
        {
            "token: nova": caller.unsigned("compute", "/servers"),
            "token: neutron": caller.unsigned("network", "/networks"),
            "token: cinder": caller.unsigned("block-storage", "/volumes"),
            "token: glance": caller.unsigned("image", "/images"),
            "token: placement": caller.unsigned("placement", "/resource_providers"),
        },
    )


def test_keystone_refuses(caller: Caller, place: Place, project_id: str) -> None:
    def person(name: str, password: str) -> dict[str, Any]:
        user = {"name": name, "domain": {"id": "default"}, "password": password}
        return {"methods": ["password"], "password": {"user": user}}

    def credential(one: str) -> dict[str, Any]:
        return {
            "methods": ["application_credential"],
            "application_credential": {"id": one, "secret": "a guess"},
        }

    user = f"/users/{caller.cloud.user_id}/application_credentials"
    asked: dict[str, Any] = {"name": "never", "expires_at": "2001-01-01T00:00:00.000000Z"}
    held(
        place,
        {
            "sign in: wrong password": caller.sign_in(person("alice", "wrong")),
            "sign in: nobody": caller.sign_in(person("nobody-of-that-name", "wrong")),
            "sign in: project of others": caller.sign_in(
                person("carol", place.password), {"project": {"id": project_id}}
            ),
            "sign in: project that is not there": caller.sign_in(
                person("alice", place.password), {"project": {"id": "0" * 32}}
            ),
            "sign in: credential that is not there": caller.sign_in(credential("0" * 32)),
            "sign in: nothing": caller.keystone("POST", "/auth/tokens", {}, authenticated=False),
            "credential: not there": caller.keystone("DELETE", f"{user}/{'0' * 32}"),
            "credential: over before it begins": caller.keystone(
                "POST", user, {"application_credential": asked}
            ),
            "credential: role that is not held": caller.keystone(
                "POST", user, {"application_credential": {"name": "never", "roles": [{"name": "admin"}]}}
            ),
        },
    )


def test_what_is_accepted_is_accepted_with_the_same_headers(
    caller: Caller, place: Place, server_id: str, project_id: str
) -> None:
    one = f"/servers/{server_id}"
    password = {"name": "alice", "domain": {"id": "default"}, "password": place.password}
    held(
        place,
        {
            "accepted: sign in": caller.sign_in(
                {"methods": ["password"], "password": {"user": password}}, {"project": {"id": project_id}}
            ),
            "accepted: lock": caller.nova("POST", f"{one}/action", {"lock": None}),
            "accepted: unlock": caller.nova("POST", f"{one}/action", {"unlock": None}),
            "accepted: new tag": caller.nova("PUT", f"{one}/tags/accepted"),
            "accepted: tag again": caller.nova("PUT", f"{one}/tags/accepted"),
            "accepted: tag removed": caller.nova("DELETE", f"{one}/tags/accepted"),
            "accepted: metadata": caller.nova("POST", f"{one}/metadata", {"metadata": {"accepted": "1"}}),
            "accepted: metadata removed": caller.nova("DELETE", f"{one}/metadata/accepted"),
            "accepted: servers": caller.nova("GET", "/servers/detail?limit=1"),
            "accepted: networks": caller.neutron("GET", "/networks"),
            "accepted: volumes": caller.cinder("GET", "/volumes/detail"),
            "accepted: images": caller.glance("GET", "/images?limit=1"),
        },
        only_heads=True,
    )
