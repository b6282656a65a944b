"""A workshop with a link, people to come by it, and the person who runs it."""

from typing import Any

import pytest
from django.test import Client

from instances.workshops.models import Workshop
from instances.workshops.roster import links
from instances.workshops.roster.joining import Came
from instances.workshops.roster.models import JoinLink
from instances.workshops.roster.sheets import Entry
from portal.accounts.models import User
from portal.cloud.config import clouds
from tests.cast import make_user


@pytest.fixture
def link(workshop: Workshop, member: User) -> JoinLink:
    """The link of the class, without a cap."""
    return links.make(workshop=workshop, by=member)


@pytest.fixture
def came(workshop: Workshop, link: JoinLink) -> Came:
    return Came(workshop.pk, link.pk)


@pytest.fixture
def teacher(member: User, client: Client) -> Client:
    """The browser of the one whose workshop it is."""
    client.force_login(member)
    return client


@pytest.fixture
def takes_guests(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """Where the operator offers guest codes, and the instructor takes guests."""
    offer_guests(monkeypatch)
    workshop.admits = {"guests": True}
    workshop.save(update_fields=["admits"])
    return workshop


def offer_guests(monkeypatch: pytest.MonkeyPatch, offered: bool = True) -> None:
    cloud = clouds().clouds["demo"]
    changed = cloud.portal.workshops.model_copy(update={"guest_codes": offered})
    portal = cloud.portal.model_copy(update={"workshops": changed})
    monkeypatch.setitem(clouds().clouds, "demo", type(cloud)(**{**_fields(cloud), "portal": portal}))


def _fields(cloud: Any) -> dict[str, Any]:
    return {name: getattr(cloud, name) for name in cloud.__dataclass_fields__}


def person(name: str, **fields: object) -> User:
    """Somebody with an ACCESS ID and an address that their identity provider vouches for."""
    return make_user(name, **{"email_verified": True, **fields})


def visitor(name: str, **fields: object) -> User:
    """Somebody from an identity provider that lets them do nothing but take part."""
    given = {"access_id": "", "is_visitor": True, "identity_provider": "https://idp.uni.example/idp"}
    return person(name, **{**given, **fields})


def entry(name: str, line: int = 1, **fields: str) -> Entry:
    return Entry(line, name, **{"email": f"{name.lower().replace(' ', '.')}@example.edu", **fields})
