"""What a launch would cost and what stands in its way, with numbers, before the cloud is asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from allocations.budgets import enforcement
from allocations.budgets.enforcement import Review, Wanted
from allocations.budgets.meters import Meter
from allocations.models import Allocation
from allocations.rates import resource_of, su_per_hour
from instances import budgets, catalogue, hooks_launch, lacking, naming
from instances.budgets import Budget
from instances.catalogue import Catalogue
from instances.choices import smallest_disk
from instances.room import LABELS
from instances.services.keys import key_problem
from instances.specs import MAX_COUNT, LaunchRequest
from instances.statuses import ACTIVE
from portal.accounts import credentials
from portal.accounts.models import User
from portal.cloud.config import clouds
from portal.cloud.types import Flavor, Image
from portal.core.errors import PortalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One resource of the quota: asked for now, used as the cloud said, queued here since, and the limit."""

    resource: str
    label: str
    asked: int
    used: int
    queued: int
    limit: int | None

    @property
    def fits(self) -> bool:
        return self.limit is None or self.used + self.queued + self.asked <= self.limit

    @property
    def times(self) -> int | None:
        """How often what is asked for fits; None without a limit."""
        if self.limit is None or not self.asked:
            return None
        return max(0, self.limit - self.used - self.queued) // self.asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`problems` stop the launch, `warnings` do not. Rates that the operator did not give are None.

    `meters`: the person's own budgets, each with what this launch does to it.
    """

    names: tuple[str, ...]
    count: int
    flavor: Flavor | None
    image: Image | None
    su_per_hour: Decimal | None
    resource: str | None
    remaining: Decimal | None
    runs_out_at: datetime | None
    needs: tuple[Need, ...]
    problems: tuple[PortalError, ...]
    warnings: tuple[str, ...]
    meters: tuple[Meter, ...] = ()


def preview(
    *, allocation: Allocation, by: User, request: LaunchRequest, lender: User | None = None
) -> Preview:
    """`lender`: whose credential is used, where it is not that of `by`, whose machines they will be."""
    now = timezone.now()
    found = catalogue.load(allocation, by)
    flavor, image = found.flavors.get(request.flavor_id), found.images.get(request.image_id)
    budget = budgets.of(allocation, now)
    hourly = _hourly(flavor, request.count, budget)
    resource = resource_of(flavor.name, now, budget.cloud) if flavor else None
    needs = tuple(_needs(request, flavor, budget)) if flavor else ()
    own = _own(allocation, by, request, flavor, budget)
    problems = (
        *_credential_problems(lender or by, allocation),
        *_request_problems(request, found),
        *_disk_problems(request, flavor, image),
        *_cloud_problems(request, allocation),
        *(_quota_problem(need, allocation) for need in needs if not need.fits),
        *_su_problems(budget, resource, hourly),
        *own.problems,
        *hooks_launch.problems(allocation, by, flavor.name if flavor else "", request.extras),
    )
    return Preview(
        names=tuple(naming.batch_names(request.name, min(request.count, MAX_COUNT))),
        count=request.count,
        flavor=flavor,
        image=image,
        su_per_hour=hourly,
        resource=resource,
        remaining=budget.remaining(resource),
        runs_out_at=budget.runs_out_at(resource, hourly) if hourly is not None else None,
        needs=needs,
        problems=problems,
        warnings=(*_warnings(request, found, hourly), *_cloud_warnings(request, allocation)),
        meters=own.meters,
    )


def _hourly(flavor: Flavor | None, count: int, budget: Budget) -> Decimal | None:
    if flavor is None:
        return None
    one = su_per_hour(flavor.name, flavor.vcpus, ACTIVE, budget.now, budget.cloud)
    return None if one is None else one * count


def _needs(request: LaunchRequest, flavor: Flavor, budget: Budget) -> Iterator[Need]:
    asked = {"instances": 1, "cores": flavor.vcpus, "ram_mb": flavor.ram_mb}
    if request.boot_volume_gb is not None:
        asked |= {"volumes": 1, "volume_gb": request.boot_volume_gb}
    if request.address == "automatic":
        asked["floating_ips"] = 1
    for resource, each in asked.items():
        share = budget.room.shares.get(resource)
        if share is not None:
            yield Need(
                resource=resource,
                label=LABELS[resource],
                asked=each * request.count,
                used=share.used,
                queued=share.queued,
                limit=share.limit,
            )


def _credential_problems(by: User, allocation: Allocation) -> Iterator[PortalError]:
    credential = credentials.live(by, allocation.cloud, allocation.project_id)
    if credential is None or not credential.usable():
        yield PortalError("instances:not-connected", cloud=clouds().cloud(allocation.cloud).title)


def _request_problems(request: LaunchRequest, found: Catalogue) -> Iterator[PortalError]:
    if complaint := naming.complaint(naming.batch_names(request.name, min(request.count, MAX_COUNT))[-1]):
        yield PortalError("portal:bad-input", reason=complaint)
    if request.count > MAX_COUNT:
        yield PortalError("instances:too-many", count=request.count, most=MAX_COUNT)
    if found.read_at is None:
        yield PortalError("instances:catalogue-unread")
        return
    flavor, image = found.flavors.get(request.flavor_id), found.images.get(request.image_id)
    if flavor is None or flavor.disabled:
        yield PortalError("instances:flavor-gone", flavor=flavor.name if flavor else request.flavor_id)
    if image is None or image.status != "active":
        yield PortalError("instances:image-gone", image=image.name if image else request.image_id)
    if request.network_id and request.network_id not in found.networks:
        yield PortalError("instances:network-gone")
    yield from _address_problems(request, found)
    if problem := key_problem(request.key_name, request.public_key, found.keypairs):
        yield problem


def _address_problems(request: LaunchRequest, found: Catalogue) -> Iterator[PortalError]:
    if request.address != "existing":
        return
    if request.count > 1:
        yield PortalError(
            "portal:bad-input", reason="One existing public address cannot serve several machines."
        )
    chosen = found.floating_ips.get(request.floating_ip_id)
    if chosen is None or chosen.port_id is not None:
        yield PortalError("instances:address-gone", address=chosen.address if chosen else "the chosen one")


def _disk_problems(
    request: LaunchRequest, flavor: Flavor | None, image: Image | None
) -> Iterator[PortalError]:
    if flavor is None or image is None:
        return
    # A flavor with a disk of 0 takes the size of the image.
    disk = flavor.disk_gb if request.boot_volume_gb is None else request.boot_volume_gb
    least = smallest_disk(image)
    if disk < least and not (disk == 0 and request.boot_volume_gb is None):
        yield PortalError("instances:disk-too-small", image=image.name, least=least, disk=disk)
    if flavor.ram_mb < image.min_ram_mb:
        yield PortalError(
            "instances:ram-too-small", image=image.name, least=image.min_ram_mb, ram=flavor.ram_mb
        )


def _cloud_problems(request: LaunchRequest, allocation: Allocation) -> Iterator[PortalError]:
    """What was asked for and this cloud has nothing for."""
    if request.boot_volume_gb is not None and not lacking.has(allocation, "volumes"):
        yield PortalError("instances:no-volumes", cloud=clouds().cloud(allocation.cloud).title)


def _cloud_warnings(request: LaunchRequest, allocation: Allocation) -> Iterator[str]:
    if request.address == "automatic" and not lacking.has(allocation, "public-addresses"):
        yield "This cloud has no public addresses to give: the machine gets none."
    if not lacking.has(allocation, "firewall"):
        yield "This cloud takes no firewall rules: the machine gets those that the cloud gives it."


def _quota_problem(need: Need, allocation: Allocation) -> PortalError:
    limit = need.limit or 0
    return PortalError(
        "instances:quota",
        label=need.label,
        asked=f"{need.asked:,}",
        used=f"{need.used:,}",
        queued=f"{need.queued:,}",
        limit=f"{limit:,}",
        free=f"{max(0, limit - need.used - need.queued):,}",
        help=clouds().cloud(allocation.cloud).portal.quota_help.text or "Ask the operators for more.",
    )


def _su_problems(budget: Budget, resource: str | None, hourly: Decimal | None) -> Iterator[PortalError]:
    if lack := budget.lack(resource):
        yield PortalError("instances:no-su", reason=lack)
        return
    remaining = budget.remaining(resource)
    if remaining is not None and hourly is not None and remaining < hourly:
        yield PortalError(
            "instances:few-su", remaining=f"{remaining:,.1f}", hourly=f"{hourly:,.1f}", resource=resource
        )


def _own(
    allocation: Allocation, by: User, request: LaunchRequest, flavor: Flavor | None, budget: Budget
) -> Review:
    """What the person's budgets and limits say."""
    if flavor is None:
        return Review()
    wanted = Wanted(
        flavor_name=flavor.name,
        vcpus=flavor.vcpus,
        ram_mb=flavor.ram_mb,
        gpus=catalogue.gpus_of(flavor.extra_specs, budget.cloud),
        count=request.count,
        su_per_hour=_hourly(flavor, request.count, budget),
        resource=resource_of(flavor.name, budget.now, budget.cloud),
    )
    return enforcement.review(allocation=allocation, person=by, wanted=wanted, now=budget.now)


def _warnings(request: LaunchRequest, found: Catalogue, hourly: Decimal | None) -> Iterator[str]:
    if found.unread_since is not None:
        since = f"{found.unread_since:%H:%M} UTC"
        yield f"The cloud could not be read since {since}: sizes and images may be outdated."
    if hourly is None and request.flavor_id in found.flavors:
        yield "The operators have not set a rate for this size, so its cost is unknown."
    if request.address == "none":
        yield "Without a public address the machine can be reached only from its own network."
    if not request.key_name:
        yield "Without an SSH key nobody can log in to the machine by SSH."
