"""What is looked at before a workshop is planned, and what it takes of each quota. Pure.

Quota is counted with the other workshops of the project that are there at the same time, and without the machines that
this one has already.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

LABELS: Mapping[str, str] = {
    "instances": "machines",
    "cores": "cores",
    "ram_mb": "RAM",
    "volumes": "volumes",
    "volume_gb": "volume storage",
    "floating_ips": "public addresses",
    "security_groups": "security groups",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """`gpu_classes`: Placement's classes of its GPUs. `fits_image` False: the operator lets this image run on other sizes."""

    id: str
    name: str
    vcpus: int
    ram_mb: int
    disk_gb: int
    gpus: int = 0
    gpu_classes: frozenset[str] = frozenset()
    gone: bool = False
    fits_image: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The image. `disk_gb`: what a disk needs to hold it."""

    name: str
    disk_gb: int
    ram_mb: int = 0
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """One quota as the cloud counts it, with what was asked for since. `limit` None: none."""

    used: int
    limit: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another workshop of the project. `machines`: those that it will still have besides the ones that are there.

    `volumes`, `volume_gb`: of each machine.
    """

    title: str
    machines: int
    vcpus: int
    ram_mb: int
    volumes: int = 0
    volume_gb: int = 0
    opens_at: datetime
    gone_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """SUs of one resource. `remaining` None: the cloud counts none. `spent_first`: of other workshops that come before."""

    resource: str
    remaining: Decimal | None = None
    ends_on: date | None = None
    absent: bool = False
    promised: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Maintenance:
    text: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Words:
    """A problem that another part found, as it says it."""

    title: str
    what: str
    todo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that is looked at. Times are aware; `meetings` in their order."""

    now: datetime
    zone: str = "UTC"
    seats: int
    spares: int
    there: int = 0
    most_seats: int = 200
    most_spares: int = 20
    size: Size | None
    image: Picture | None
    boot_volume_gb: int | None = None
    # Volumes that each seat has a copy of.
    data_volumes: int = 0
    data_gb: int = 0
    read_at: datetime | None
    quota: Mapping[str, Share] = field(default_factory=dict)
    gpus: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    others: Sequence[Other] = ()
    meetings: Sequence[tuple[datetime, datetime]] = ()
    opens_at: datetime | None = None
    gone_at: datetime | None = None
    overlapping: bool = False
    planned: bool = False
    lead: timedelta = timedelta(0)
    cost: Decimal | None = None
    priced: bool = True
    cap: Decimal | None = None
    holding: Holding | None = None
    needs_address: bool = True
    needs_group: bool = True
    connected: bool = True
    maintenance: Sequence[Maintenance] = ()
    budget: Sequence[Words] = ()
    # What other parts say: it stops it, or should be known.
    problems: Sequence[Words] = ()
    notes: Sequence[Words] = ()

    @property
    def machines(self) -> int:
        return self.seats + self.spares

    @property
    def more(self) -> int:
        """Machines that are still to be made."""
        return max(0, self.machines - self.there)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One quota: for this workshop, used, for other workshops at the time, and the limit."""

    resource: str
    asked: int
    used: int
    others: int
    limit: int | None

    @property
    def label(self) -> str:
        return LABELS[self.resource]

    @property
    def total(self) -> int:
        return self.used + self.others + self.asked

    @property
    def lacking(self) -> int:
        return 0 if self.limit is None else max(0, self.total - self.limit)


def needs_of(facts: Facts) -> Iterator[Need]:
    """What it takes of each quota that the cloud told of, with the others that are there at the same time."""
    others = list(at_the_time(facts))
    for resource, each in _each(facts).items():
        share = facts.quota.get(resource)
        if share is None:
            continue
        yield Need(
            resource=resource,
            asked=each,
            used=share.used,
            others=sum(_of_other(resource, one) for one in others),
            limit=share.limit,
        )


def at_the_time(facts: Facts) -> Iterator[Other]:
    """Machines that are put away still count in a quota: others overlap from their opening until they are removed."""
    if facts.opens_at is None or facts.gone_at is None:
        return
    for one in facts.others:
        if one.opens_at < facts.gone_at and facts.opens_at < one.gone_at:
            yield one


def _each(facts: Facts) -> dict[str, int]:
    size, more = facts.size, facts.more
    asked = {"instances": more}
    if size is not None:
        asked |= {"cores": more * size.vcpus, "ram_mb": more * size.ram_mb}
    if volumes := facts.data_volumes + bool(facts.boot_volume_gb):
        asked["volumes"] = more * volumes
        asked["volume_gb"] = more * ((facts.boot_volume_gb or 0) + facts.data_gb)
    if facts.needs_address:
        asked["floating_ips"] = 1
    if facts.needs_group:
        asked["security_groups"] = 1
    return asked


def _of_other(resource: str, one: Other) -> int:
    each = {"instances": 1, "cores": one.vcpus, "ram_mb": one.ram_mb}
    each |= {"volumes": one.volumes, "volume_gb": one.volume_gb}
    return one.machines * each.get(resource, 0)
