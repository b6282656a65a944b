"""Scenarios against a cloud, written only against `portal.cloud`. What they make, they register: it goes."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from portal.cloud import breaker, connection, flavors, identity, images, tokens
from portal.cloud.config import clouds
from portal.cloud.connection import Cloud, connect
from portal.cloud.types import Flavor, Image
from tests.contract import places
from tests.contract.lending import Lender
from tests.contract.maker import RUN, Maker
from tests.contract.places import CONF, Place
from tests.contract.sweep import sweep, sweep_forgotten
from tests.contract.watching import Watch


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
                with _swept(found):
                    yield found
        else:
            _configure(patch, name)
            found = places.real_place(name)
            places.check(found)
            with _swept(found):
                yield found
    clouds.cache_clear()


def _configure(patch: pytest.MonkeyPatch, name: str) -> None:
    from django.conf import settings

    patch.setattr(settings, "PORTAL_CONFIG", str(CONF / name / "portal.yaml"))
    patch.setattr(settings, "CLOUDS_YAML", str(CONF / name / "clouds.yaml"))
    clouds.cache_clear()
    connection.forget_versions()
    tokens.forget_all()
    breaker.forget_all()


@contextmanager
def _swept(place: Place) -> Iterator[None]:
    """Scenarios remove what they made; one whose reply was lost, or that was killed, could not."""
    sweep_forgotten(place, _alice(place))
    try:
        yield
    finally:
        left = sweep(place, _alice(place), RUN)
    assert not left, f"scenarios left behind on {place.name}, removed now: {left}"


def _alice(place: Place) -> Cloud:
    return connect(place.login("alice", _project_id(place)), region=place.region)


def _project_id(place: Place) -> str:
    [found] = [one for one in identity.projects(place.login("alice")) if one.name == place.project]
    return found.id


@pytest.fixture(scope="session")
def project_id(place: Place) -> str:
    return _project_id(place)


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
def sizes(place: Place) -> tuple[Flavor, Flavor]:
    """The two smallest general sizes."""
    found = flavors.list_flavors(_alice(place))
    general = sorted(
        (one for one in found if one.name.startswith("m3.")), key=lambda one: (one.vcpus, one.ram_mb)
    )
    return general[0], general[1]


@pytest.fixture(scope="session")
def image(place: Place) -> Image:
    found = images.list_images(_alice(place))
    featured = [one for one in found if one.name == "Featured-Debian12" and one.status == "active"]
    return max(featured, key=lambda one: one.created)


@pytest.fixture
def make(cloud: Cloud, place: Place, sizes: tuple[Flavor, Flavor], image: Image) -> Iterator[Maker]:
    maker = Maker(cloud, place, sizes[0], image)
    yield maker
    maker.undo_all()


@pytest.fixture(scope="session")
def lender(place: Place, sizes: tuple[Flavor, Flavor], image: Image) -> Iterator[Lender]:
    found = Lender(Maker(_alice(place), place, sizes[0], image))
    yield found
    found.close()


@pytest.fixture
def server_id(lender: Lender, make: Maker) -> Iterator[str]:
    """A running server, lent: who takes it leaves it running, or it is replaced."""
    # `make` is asked for first, and so undone before the server is taken back.
    yield lender.lend()
    make.undo_all()
    lender.take_back()


@pytest.fixture
def watch(place: Place, cloud: Cloud) -> Watch:
    return Watch(place, cloud)
