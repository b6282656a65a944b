"""`manage.py doctor`: examines everything the portal stands on, and says what to do about what is not well.

Each layer registers its probes in a `doctor_checks.py`; they are loaded only when somebody asks. A probe reads and
never changes anything, and no finding ever holds a secret.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils.module_loading import autodiscover_modules
from redis.exceptions import RedisError

from portal.core.errors import PortalError

# ok: works. note: worth knowing, nothing to do. degraded: works with something lost. broken: does not work.
# untried: could not be told, and why.
Level = Literal["ok", "note", "degraded", "broken", "untried"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`name`: what was looked at; `says`: how it is; `todo`: what to do about it.

    `under`: a title of its own, for probes that look at several things of one kind, such as clouds.
    """

    name: str
    level: Level
    says: str
    todo: str = ""
    under: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be examined: one cloud or all; with or without the network; as whom at the clouds."""

    cloud: str = ""
    network: bool = True
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    title: str
    findings: tuple[Finding, ...]


Probe = Callable[[Plan], Iterable[Finding]]
_probes: dict[str, tuple[int, str, Probe]] = {}


def probe(title: str, *, place: int) -> Callable[[Probe], Probe]:
    """Decorator: findings under this title; groups are told in the order of `place`."""

    def registered(function: Probe) -> Probe:
        _probes[f"{function.__module__}.{function.__qualname__}"] = (place, title, function)
        return function

    return registered


def examine(plan: Plan) -> Iterator[Group]:
    """Group by group, so that a slow cloud does not keep back what is known already."""
    autodiscover_modules("doctor_checks")
    for _, title, function in sorted(_probes.values(), key=lambda entry: entry[:2]):
        for under, found in groupby(_findings(plan, function), key=lambda finding: finding.under):
            yield Group(title=under or title, findings=tuple(found))


def _findings(plan: Plan, function: Probe) -> Iterator[Finding]:
    """What is broken enough to stop a probe is itself a finding."""
    try:
        yield from function(plan)
    except PortalError as error:
        words = error.problem
        yield broken("examination", f"stopped: {words.what}", words.todo)
    except DatabaseError:
        yield untried("examination", "stopped: the database does not answer, or lacks its tables")
    except ImproperlyConfigured as error:
        yield broken("examination", f"stopped: {clean(error)}", "Correct it, and ask again.")
    except (RedisError, OSError) as error:
        yield untried("examination", f"stopped: {clean(error)}")


def ok(name: str, says: str) -> Finding:
    return Finding(name=name, level="ok", says=says)


def note(name: str, says: str, todo: str = "") -> Finding:
    return Finding(name=name, level="note", says=says, todo=todo)


def degraded(name: str, says: str, todo: str) -> Finding:
    return Finding(name=name, level="degraded", says=says, todo=todo)


def broken(name: str, says: str, todo: str) -> Finding:
    return Finding(name=name, level="broken", says=says, todo=todo)


def untried(name: str, says: str, todo: str = "") -> Finding:
    return Finding(name=name, level="untried", says=says, todo=todo)


def under(title: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The same findings, told under this title."""
    return (replace(finding, under=title) for finding in findings)


def clean(text: object, limit: int = 200) -> str:
    """One printable line: what a stranger's server said goes to a terminal."""
    flat = " ".join("".join(letter if letter.isprintable() else " " for letter in str(text)).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
