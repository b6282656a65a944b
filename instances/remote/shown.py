"""A problem as the page of a shell or a desktop shows it: words, and the ways out that are one click away."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from instances.models import Instance
from instances.remote import firewall
from portal.core.errors import PortalError
from portal.core.redis_client import client

_SECONDS = 300
# Problems whose words name other machines, or tell to do what only the allocation's people can.
_OTHERS = (
    *("remote:jump-", "remote:firewall", "remote:trust-", "remote:no-address", "remote:address-coming"),
    *("remote:no-host-keys", "remote:host-key", "remote:no-login", "remote:not-ssh", "remote:not-running"),
    *("remote:certificate-refused", "remote:secret-refused", "remote:needs-secret", "remote:bad-key"),
    *("remote:refused", "remote:timeout", "remote:silent"),
)
# What may be different soon is tried again by the page.
RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Repair:
    """A link (`get`: a page or a dialog) or a button (`post`)."""

    label: str
    url: str
    method: str = "get"


Repairs = Callable[[Instance, Mapping[str, Any]], list[Repair]]
_repairs: dict[str, list[Repairs]] = {}
_behind: set[Repairs] = set()


def repairs(*problem_ids: str, last: bool = False) -> Callable[[Repairs], Repairs]:
    """Register `function(instance, params)`: ways out of these problems. It may read the database.

    The first is the one that a page offers foremost; `last`: a way round rather than a repair, behind all others.
    """

    def registered(function: Repairs) -> Repairs:
        for problem_id in problem_ids:
            known = _repairs.setdefault(problem_id, [])
            if function not in known:
                known.append(function)
                _behind.update({function} if last else ())
                known.sort(key=_behind.__contains__)
        return function

    return registered


def as_json(problem: PortalError, instance: Instance | None) -> dict[str, Any]:
    if instance is not None and instance.place is not None:
        # Nothing of the machine's allocation is theirs to see or to mend.
        problem, instance = at_a_seat(problem), None
    if instance is not None:
        problem = firewall.instead_of(problem, instance)
    words = problem.problem
    found = (
        [repair for function in _repairs.get(problem.id, []) for repair in function(instance, problem.params)]
        if instance is not None
        else []
    )
    return {
        "id": problem.id,
        "title": words.title,
        "what": words.what,
        "means": words.means,
        "todo": words.todo,
        "detail": problem.detail,
        "retry_after": problem.retry_after or (RETRY_SECONDS if problem.outcome == "retry" else None),
        "repairs": [asdict(repair) for repair in found],
    }


def at_a_seat(problem: PortalError) -> PortalError:
    """What concerns the machine's network, keys and jump host, as whoever learns or helps there is told it."""
    if problem.outcome == "auth" or problem.id.startswith(_OTHERS):
        return PortalError(
            "remote:seat-unreachable",
            outcome="retry",
            retry_after=problem.retry_after or RETRY_SECONDS,
            detail=problem.id,
        )
    return problem


def keep(session_id: UUID, problem: dict[str, Any]) -> None:
    """For pages whose socket carries no words."""
    client().set(_key(session_id), json.dumps(problem), ex=_SECONDS)


def kept(session_id: UUID) -> dict[str, Any] | None:
    found = client().get(_key(session_id))
    return json.loads(found) if isinstance(found, bytes) else None


def _key(session_id: UUID) -> str:
    return f"remote-problem:{session_id}"
