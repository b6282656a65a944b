"""ACCESS beside the demo cloud, and a portal that holds its keys."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from allocations.models import Allocation
from allocations.sources.interface import Project
from portal.accounts import connecting, services
from portal.accounts.models import CloudLink, User
from portal.cloud.config import clouds
from portal.cloud.schema_sources import Access
from portal.demo.state import ACCESS_KEYS
from portal.democloud.access_keys import variable
from portal.democloud.seed_identity import project_id
from tests.cast import join, make_allocation, make_user
from tests.world import World

GRANT = "BIO220047"


def connected(name: str) -> User:
    """A person of the demo, connected to its cloud, as at sign-in."""
    user = User.objects.filter(username=name).first() or make_user(name)
    services.connect_with_password(
        user=user, cloud="demo", username=name, password="demo", user_domain="Default", by=user
    )
    connecting.connect(CloudLink.objects.get(user=user, cloud="demo").pk)
    return user


class AccessWorld:
    """The demo cloud's ACCESS, and what tests may do to it."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def config(self) -> Access:
        found = clouds().cloud("demo").portal.sources.access
        assert found is not None
        return found

    def control(self, **given: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.world.cloud.control("POST", "/access", given)
        return found

    def seats(self) -> dict[str, str]:
        found: dict[str, str] = self.world.cloud.control("GET", "/access")["seats"]
        return found

    def finish(self) -> None:
        """What is pending comes about, at ACCESS and at the cloud."""
        self.control(finish=True)

    def calls(self, ending: str = "") -> int:
        """How many calls of ACCESS there were, of addresses that end so."""
        return sum(
            count
            for call, count in self.world.calls().items()
            if call.startswith("access ") and call.endswith(ending)
        )


@pytest.fixture
def access(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[AccessWorld]:
    facts = world.cloud.facts["access"]
    monkeypatch.setenv("DEMO_ACCESS_URL", facts["url"])
    for agent, key in facts["keys"].items():
        assert variable(agent) in ACCESS_KEYS
        monkeypatch.setenv(variable(agent), key)
    clouds.cache_clear()
    made = AccessWorld(world)
    made.control(pending_seconds=900_000, tells_roles=True)
    yield made
    clouds.cache_clear()


@pytest.fixture
def bio(db: None, access: AccessWorld) -> Allocation:
    """BIO220047 at IU. Nobody is connected to the cloud; `connected` does it as a sign-in does."""
    return make_allocation(GRANT, project_id=project_id(GRANT))


@pytest.fixture
def alice(bio: Allocation) -> User:
    """Its PI, here and at ACCESS."""
    user = make_user("alice")
    join(user, bio, "pi", source="claim")
    return user


@pytest.fixture
def project(bio: Allocation) -> Project:
    return Project(bio.cloud, bio.project_id, bio.project_name, GRANT)


@pytest.fixture
def reconfigured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """`reconfigured(access={...}, keystone=..., ...)`: other settings of the demo cloud's sources."""

    def change(**given: Any) -> None:
        found = clouds()
        cloud = found.clouds["demo"]
        old = cloud.portal.sources
        inner = {
            name: (getattr(old, name).model_copy(update=value) if isinstance(value, dict) else value)
            for name, value in given.items()
        }
        portal = cloud.portal.model_copy(update={"sources": old.model_copy(update=inner)})
        object.__setattr__(cloud, "portal", portal)

    yield change
    clouds.cache_clear()
