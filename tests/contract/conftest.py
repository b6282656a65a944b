"""Scenarios against a cloud, written only against `portal.cloud`. What they make, they register: it goes."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from portal.cloud import (
    breaker,
    connection,
    flavors,
    identity,
    images,
    keypairs,
    networks,
    servers,
    tokens,
    volumes,
)
from portal.cloud.config import clouds
from portal.cloud.connection import Cloud, connect
from portal.cloud.types import Flavor, Image, NewServer, Server
from portal.core.errors import PortalError
from tests.contract import places
from tests.contract.places import CONF, Place
from tests.contract.waiting import gone, until

RUN = f"contract-{uuid.uuid4().hex[:8]}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/contract/" in str(item.path):
            item.add_marker(pytest.mark.contract)


@pytest.fixture(scope="session", params=places.names())
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, redis_of_this_run: None
) -> Iterator[Place]:
    """Fails, and never skips, where the named cloud cannot be used."""
    name = request.param
    with pytest.MonkeyPatch.context() as patch:
        if name == "demo":
            with places.demo_place(tmp_path_factory.mktemp("demo-cloud")) as found:
                _configure(patch, name)
                yield found
        else:
            _configure(patch, name)
            yield places.real_place(name)
    clouds.cache_clear()


def _configure(patch: pytest.MonkeyPatch, name: str) -> None:
    from django.conf import settings

    patch.setattr(settings, "PORTAL_CONFIG", str(CONF / name / "portal.yaml"))
    patch.setattr(settings, "CLOUDS_YAML", str(CONF / name / "clouds.yaml"))
    clouds.cache_clear()
    connection.forget_versions()
    tokens.forget_all()
    breaker.forget_all()


@pytest.fixture(scope="session")
def project_id(place: Place) -> str:
    [project] = [found for found in identity.projects(place.login("alice")) if found.name == place.project]
    return project.id


@pytest.fixture
def cloud(place: Place, project_id: str) -> Cloud:
    """Alice's."""
    return connect(place.login("alice", project_id), region=place.region)


@pytest.fixture
def colleague(place: Place, project_id: str) -> Cloud:
    """Bob's, in Alice's project."""
    return connect(place.login("bob", project_id), region=place.region)


@pytest.fixture
def stranger(place: Place) -> Cloud:
    """Carol's, in another project."""
    carol = place.login("carol")
    project = identity.projects(carol)[0]
    return connect(place.login("carol", project.id), region=place.region)


@pytest.fixture(scope="session")
def sizes(place: Place, project_id: str) -> tuple[Flavor, Flavor]:
    """The two smallest general sizes."""
    found = flavors.list_flavors(connect(place.login("alice", project_id), region=place.region))
    general = sorted(
        (one for one in found if one.name.startswith("m3.")), key=lambda one: (one.vcpus, one.ram_mb)
    )
    return general[0], general[1]


@pytest.fixture(scope="session")
def image(place: Place, project_id: str) -> Image:
    found = images.list_images(connect(place.login("alice", project_id), region=place.region))
    featured = [one for one in found if one.name == "Featured-Debian12" and one.status == "active"]
    return max(featured, key=lambda one: one.created)


@dataclass
class Maker:
    """Makes things that carry the name of this run, and removes them at the end, whatever happens."""

    cloud: Cloud
    place: Place
    size: Flavor
    image: Image
    _undo: list[Callable[[], object]] = field(default_factory=list)
    _count: int = 0

    def name(self) -> str:
        self._count += 1
        return f"{RUN}-{self._count}"

    def server(self, **how: object) -> str:
        """The id of a new server, still being built."""
        wanted: dict[str, object] = {
            "name": self.name(),
            "flavor_id": self.size.id,
            "image_id": self.image.id,
            "availability_zone": self.place.zone,
        }
        server_id = servers.create_server(self.cloud, NewServer(**(wanted | how)))  # type: ignore[arg-type]
        self.undo(lambda: self._remove_server(server_id))
        return server_id

    def active_server(self, **how: object) -> Server:
        server_id = self.server(**how)
        return until(self.place, self.cloud, server_id, lambda server: server.status == "ACTIVE")

    def volume(self, size_gb: int = 1) -> str:
        volume_id = volumes.create_volume(self.cloud, name=self.name(), size_gb=size_gb).id
        self.undo(lambda: volumes.delete_volume(self.cloud, volume_id))
        return volume_id

    def floating_ip(self, **how: str) -> str:
        made = networks.create_floating_ip(self.cloud, **how)
        self.undo(lambda: networks.delete_floating_ip(self.cloud, made.id))
        return made.id

    def keypair(self, public_key: str) -> str:
        made = keypairs.create_keypair(self.cloud, self.name(), public_key)
        self.undo(lambda: keypairs.delete_keypair(self.cloud, made.name))
        return made.name

    def undo(self, action: Callable[[], object]) -> None:
        self._undo.append(action)

    def undo_all(self) -> None:
        trouble: list[PortalError] = []
        for action in reversed(self._undo):
            try:
                action()
            except PortalError as error:
                if error.id != "cloud:not-found":
                    trouble.append(error)
        assert not trouble, f"left behind on {self.place.name}: {trouble}"

    def _remove_server(self, server_id: str) -> None:
        try:
            servers.delete_server(self.cloud, server_id)
        except PortalError as error:
            if error.id != "cloud:locked":
                raise
            servers.unlock(self.cloud, server_id)
            servers.delete_server(self.cloud, server_id)
        gone(self.place, self.cloud, server_id)


@pytest.fixture
def make(cloud: Cloud, place: Place, sizes: tuple[Flavor, Flavor], image: Image) -> Iterator[Maker]:
    maker = Maker(cloud, place, sizes[0], image)
    yield maker
    maker.undo_all()
