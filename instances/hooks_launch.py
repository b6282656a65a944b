"""What layers above add to launches: fields of the form, checks, and rows beside the new machines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allocations.models import Allocation
from instances.models import Instance
from portal.accounts.models import User
from portal.core.errors import PortalError


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchPart:
    """`name` is its key in `LaunchRequest.extras`; what stands there is JSON, and comes from anybody.

    `template`: its fields in the launch form. `says`: what it makes of the cost, given SUs per hour of all the machines.
    """

    name: str
    template: str
    # What a form sent, as `extras` keep it; None where it says nothing.
    read: Callable[[Mapping[str, str]], Any]
    # For the template: the form as it stands, empty when it is new.
    context: Callable[[Allocation, User, Mapping[str, str]], dict[str, Any]]
    check: Callable[[Allocation, User, str, Any], Sequence[PortalError]]
    # In the transaction of the launch, once its machines' rows are there.
    apply: Callable[[Allocation, User, Sequence[Instance], Any], None]
    says: Callable[[Allocation, str, int, Any], str]


_parts: list[LaunchPart] = []
# What an untouched form begins with, because of its address: values of fields by their names.
First = Callable[[Allocation, User, Mapping[str, str]], Mapping[str, Any]]
_firsts: list[First] = []


def launch_first(function: First) -> First:
    if function not in _firsts:
        _firsts.append(function)
    return function


def first(allocation: Allocation, by: User, query: Mapping[str, str]) -> dict[str, Any]:
    """What layers above fill in; the rest of the form is as ever."""
    return {name: value for function in _firsts for name, value in function(allocation, by, query).items()}


def launch_part(part: LaunchPart) -> LaunchPart:
    if part not in _parts:
        _parts.append(part)
    return part


def parts() -> Sequence[LaunchPart]:
    return tuple(_parts)


def read(given: Mapping[str, str]) -> dict[str, Any]:
    """The extras of a form."""
    found = {part.name: part.read(given) for part in _parts}
    return {name: extra for name, extra in found.items() if extra is not None}


def problems(
    allocation: Allocation, by: User, flavor_name: str, extras: Mapping[str, Any]
) -> list[PortalError]:
    unknown = set(extras) - {part.name for part in _parts}
    found = [
        PortalError("portal:bad-input", reason=f"A launch has no “{name[:40]}”.") for name in sorted(unknown)
    ]
    for part in _parts:
        if part.name in extras:
            found += part.check(allocation, by, flavor_name, extras[part.name])
    return found


def apply(allocation: Allocation, by: User, machines: Sequence[Instance], extras: Mapping[str, Any]) -> None:
    for part in _parts:
        if part.name in extras:
            part.apply(allocation, by, machines, extras[part.name])


def says(allocation: Allocation, flavor_name: str, vcpus: int, extras: Mapping[str, Any]) -> list[str]:
    """A sentence of each part that has one; also of what holds where nothing was chosen."""
    found = (part.says(allocation, flavor_name, vcpus, extras.get(part.name)) for part in _parts)
    return [sentence for sentence in found if sentence]
