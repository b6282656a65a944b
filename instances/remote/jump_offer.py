"""What a jump host would be made of, and what it costs: the smallest machine that a plain Debian or Ubuntu fits."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from allocations.models import Allocation
from instances import catalogue
from instances.choices import FlavorChoice, ImageChoice, LaunchChoices, launch_choices
from instances.models import Instance
from instances.remote.neighbours import networks_of
from instances.services import Preview, preview
from instances.specs import LaunchRequest
from portal.accounts.models import User
from portal.core.errors import PortalError

# What its set-up knows how to keep up to date, the smaller system first.
_SYSTEMS = ("debian", "ubuntu")
_UNFIT = re.compile(r"[^A-Za-z0-9_ -]")


@dataclass(frozen=True, slots=True)
class JumpOffer:
    request: LaunchRequest
    preview: Preview

    @property
    def problem(self) -> PortalError | None:
        return next(iter(self.preview.problems), None)


def offer(
    *,
    allocation: Allocation,
    by: User,
    behind: Instance | None = None,
    network_id: str = "",
    lender: User | None = None,
) -> JumpOffer:
    """`behind`: the machine that asks for it, on whose network it is to be; or that network's id. PortalError when
    nothing suits. `lender`: whose credential is used, where it is not that of `by`."""
    choices = launch_choices(allocation, by)
    image = _image(choices)
    if image is None:
        raise PortalError("remote:jump-no-image")
    flavor = _flavor(choices, image)
    if flavor is None:
        raise PortalError("remote:jump-no-size", image=image.name)
    request = LaunchRequest(
        name=name_for(allocation),
        image_id=image.id,
        flavor_id=flavor.id,
        network_id=network_id or _network(allocation, behind),
        address="automatic",
    )
    return JumpOffer(request, preview(allocation=allocation, by=by, request=request, lender=lender))


def name_for(allocation: Allocation) -> str:
    """Such as `BIO220047-jump`: a project's name may hold what a machine's may not."""
    return f"{_UNFIT.sub('-', allocation.project_name)[:200].strip(' -') or 'project'}-jump"


def _image(choices: LaunchChoices) -> ImageChoice | None:
    """By the operator's own rules for systems; where there are none, a featured image of one of these systems."""
    for system in _SYSTEMS:
        for kind in choices.types:
            if kind.name == system:
                chosen = next((one for one in kind.versions if one.primary), kind.versions[0])
                return chosen.image
    return next(
        (
            one
            for system in _SYSTEMS
            for one in choices.images
            if one.os_distro == system and not one.is_snapshot
        ),
        None,
    )


def _flavor(choices: LaunchChoices, image: ImageChoice) -> FlavorChoice | None:
    """The cheapest that the image fits on, without GPUs; one that cannot be had now only where none can."""
    all_of_them = (flavor for group in choices.groups for flavor in group.flavors)
    fitting = [one for one in all_of_them if _fits(one, image)]
    return min(fitting, key=_order, default=None)


def _fits(flavor: FlavorChoice, image: ImageChoice) -> bool:
    # A flavor with a disk of 0 takes the size of the image.
    roomy = flavor.disk_gb == 0 or flavor.disk_gb >= image.min_disk_gb
    return roomy and flavor.ram_mb >= image.min_ram_mb and flavor.gpus == 0


def _order(flavor: FlavorChoice) -> tuple[object, ...]:
    hourly = flavor.su_per_hour
    return (bool(flavor.blocked), hourly is None, hourly or 0, flavor.vcpus, flavor.ram_mb, flavor.disk_gb)


def _network(allocation: Allocation, behind: Instance | None) -> str:
    """The id of the machine's network; empty: the one that the portal gives to every machine."""
    if behind is None:
        return ""
    return next(iter(_ids(allocation, networks_of(behind))), "")


def _ids(allocation: Allocation, names: Iterable[str]) -> list[str]:
    wanted = list(names)
    found = {one.name: one.id for one in catalogue.load(allocation).networks.values() if not one.external}
    return [found[name] for name in wanted if name in found]
