"""The cast: people and an allocation that every test may ask for by name."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from allocations.models import Allocation, Grant, Membership
from portal.accounts.models import CloudCredential, User
from portal.core.seal import seal
from tests.world import processes, world

__all__ = ["processes", "world"]  # fixtures, which this plugin brings along

ISSUER = "https://cilogon.test"
QUOTA = {
    "instances": {"used": 3, "limit": 25},
    "cores": {"used": 20, "limit": 150},
    "ram_mb": {"used": 76_800, "limit": 599_040},
    "volumes": {"used": 1, "limit": 10},
    "volume_gb": {"used": 50, "limit": 1000},
    "floating_ips": {"used": 2, "limit": 10},
}


def make_user(name: str, **fields: object) -> User:
    defaults: dict[str, object] = {
        "username": name,
        "issuer": ISSUER,
        "subject": f"{ISSUER}/users/{name}",
        "access_id": f"{name}@access-ci.org",
        "display_name": name.title(),
        "email": f"{name}@example.edu",
    }
    user = User(**{**defaults, **fields})
    user.set_unusable_password()
    user.save()
    return user


def make_allocation(project_name: str = "BIO220047", **fields: object) -> Allocation:
    region = str(fields.get("region", "IU"))
    now = timezone.now()
    defaults: dict[str, object] = {
        "slug": f"{project_name}-{region}".lower(),
        "cloud": "demo",
        "region": region,
        "project_id": f"project-of-{project_name.lower()}",
        "project_name": project_name,
        "title": "Genome assembly of prairie grasses",
        "quota": QUOTA,
        "quota_read_at": now,
        "accounting_read_at": now,
    }
    return Allocation.objects.create(**{**defaults, **fields})


def make_grant(
    allocation: Allocation,
    resource: str = "cpu",
    awarded: int = 100_000,
    used: int | None = 25_000,
    **fields: object,
) -> Grant:
    now = timezone.now()
    defaults: dict[str, object] = {
        "provider_resource": f"jetstream2-{resource}.indiana.access-ci.org",
        "awarded": Decimal(awarded),
        "used": None if used is None else Decimal(used),
        "starts_on": now.date() - timedelta(days=65),
        "ends_on": now.date() + timedelta(days=300),
        "as_of": now - timedelta(hours=2),
    }
    return Grant.objects.create(allocation=allocation, resource=resource, **{**defaults, **fields})


def join(
    user: User, allocation: Allocation, role: str = Membership.Role.MEMBER, **fields: object
) -> Membership:
    return Membership.objects.create(user=user, allocation=allocation, role=role, **fields)


def give_credential(user: User, allocation: Allocation, **fields: object) -> CloudCredential:
    defaults: dict[str, object] = {
        "application_credential_id": f"appcred-{user.pk}-{allocation.pk}",
        "name": f"heliosphere-{allocation.project_name}",
        "sealed_secret": seal("the-secret-of-the-credential"),
        "roles": ["member"],
        "expires_at": timezone.now() + timedelta(days=30),
    }
    return CloudCredential.objects.create(
        user=user,
        cloud=allocation.cloud,
        project_id=allocation.project_id,
        project_name=allocation.project_name,
        **{**defaults, **fields},
    )


def _member(name: str, allocation: Allocation, role: str) -> User:
    user = make_user(name)
    join(user, allocation, role)
    give_credential(user, allocation)
    return user


@pytest.fixture
def allocation(db: None) -> Allocation:
    """BIO220047 at IU of the demo cloud, with a CPU and a GPU grant and a quota read just now."""
    made = make_allocation()
    make_grant(made, "cpu")
    make_grant(made, "gpu", awarded=20_000, used=1_000)
    return made


@pytest.fixture
def other_allocation(db: None) -> Allocation:
    """TRA220028: nobody of the cast is a member."""
    made = make_allocation("TRA220028", title="Introduction to computational science")
    make_grant(made, "cpu", awarded=50_000, used=0)
    return made


@pytest.fixture
def pi(allocation: Allocation) -> User:
    return _member("alice", allocation, Membership.Role.PI)


@pytest.fixture
def manager(allocation: Allocation) -> User:
    return _member("mary", allocation, Membership.Role.MANAGER)


@pytest.fixture
def member(allocation: Allocation) -> User:
    """The owner of instances, where a test needs one."""
    return _member("bob", allocation, Membership.Role.MEMBER)


@pytest.fixture
def colleague(allocation: Allocation) -> User:
    """A second member: to them, the member's instances are those of somebody else."""
    return _member("colin", allocation, Membership.Role.MEMBER)


@pytest.fixture
def assistant(allocation: Allocation) -> User:
    return _member("tara", allocation, Membership.Role.TA)


@pytest.fixture
def reader(allocation: Allocation) -> User:
    return _member("rita", allocation, Membership.Role.READER)


@pytest.fixture
def former_member(allocation: Allocation) -> User:
    user = make_user("fred")
    join(user, allocation, ended_at=timezone.now() - timedelta(days=1))
    return user


@pytest.fixture
def stranger(other_allocation: Allocation) -> User:
    """A member of another allocation only."""
    return _member("sam", other_allocation, Membership.Role.PI)


@pytest.fixture
def operator(db: None) -> User:
    return make_user("olivia", is_operator=True)


@pytest.fixture
def newcomer(db: None) -> User:
    """Signed in, and a member of nothing."""
    return make_user("newbie")


CAST: Iterable[str] = (
    "pi",
    "manager",
    "member",
    "colleague",
    "assistant",
    "reader",
    "former_member",
    "stranger",
    "operator",
    "newcomer",
)
