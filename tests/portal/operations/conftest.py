from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.operations import clouds, hooks, registry, services
from portal.operations.context import Context
from portal.operations.models import Operation
from portal.operations.outcomes import Done, Outcome

Script = Callable[[Context], Outcome]


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada", display_name="Ada")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", display_name="Bob")


class Kinds:
    """Operation kinds that exist for one test."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def add(self, run: Script, name: str = "test.kind", **options: Any) -> None:
        options.setdefault("label", "Test")
        options.setdefault("deadline", timedelta(hours=1))
        registry.handler(name, **options)(run)
        self.names.append(name)


@pytest.fixture
def kinds() -> Iterator[Kinds]:
    made = Kinds()
    yield made
    for name in made.names:
        registry.forget(name)


@pytest.fixture
def done_kind(kinds: Kinds) -> None:
    kinds.add(lambda ctx: Done("Done"))


def ask(by: User, kind: str = "test.kind", **changes: Any) -> Operation:
    """Submit an operation as a page would."""
    given: dict[str, Any] = {
        "cloud": "demo",
        "region": "IU",
        "project_id": "p1",
        "target_type": "instance",
        "target_id": uuid4(),
        "target_name": "machine",
        "spec": {},
    }
    return services.submit(kind=kind, by=by, **{**given, **changes})


class Renewals:
    """Stands in for the part that renews credentials."""

    def __init__(self) -> None:
        self.asked = 0
        self.opens = True
        self.refusal: PortalError | None = None

    def renew(self, user: User, cloud: str, project_id: str) -> bool:
        self.asked += 1
        if self.refusal is not None:
            raise self.refusal
        return self.opens


@pytest.fixture
def renewals(monkeypatch: pytest.MonkeyPatch) -> Renewals:
    stand_in = Renewals()
    monkeypatch.setattr(clouds, "renew", stand_in.renew)
    return stand_in


@pytest.fixture(autouse=True)
def no_listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other apps do about a change is tested with them."""
    monkeypatch.setattr(hooks, "_on_change", [])
    monkeypatch.setattr(hooks, "_within_change", [])
