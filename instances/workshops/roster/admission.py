"""Who may join a workshop, and how. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from allocations.members import eligible

MOST_DOMAINS = 20
# Into a seat or the waiting list; first before the instructor; or not at all.
Way = Literal["in", "ask", "no"]


@dataclass(frozen=True, slots=True)
class Rules:
    """`domains`: e-mail domains, or hosts of identity providers, of those who are not on the roster. Empty: any.

    `approve`: the instructor says yes to each of them. `guests`: codes for people who sign in nowhere.
    """

    roster_only: bool = False
    domains: tuple[str, ...] = ()
    approve: bool = False
    guests: bool = False

    def stored(self) -> dict[str, Any]:
        return asdict(self) | {"domains": list(self.domains)}


@dataclass(frozen=True, slots=True)
class Comer:
    """Who they are as far as it is vouched for. `email` verified, or empty; `unverified`: the one that was not."""

    who: str = ""
    email: str = ""
    unverified: str = ""
    identity_provider: str = ""
    guest: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    way: Way
    problem: str = ""
    params: Mapping[str, str] = field(default_factory=dict)


def rules_of(stored: object) -> Rules:
    """What a workshop's `admits` says. What cannot be understood lets nobody in that the roster does not name."""
    if not isinstance(stored, Mapping):
        return Rules(roster_only=True)
    domains = stored.get("domains", [])
    if not isinstance(domains, list | tuple) or not all(isinstance(one, str) for one in domains):
        return Rules(roster_only=True)
    return Rules(
        roster_only=bool(stored.get("roster_only")),
        domains=tuple(eligible.tidy(one) for one in domains[:MOST_DOMAINS] if one.strip()),
        approve=bool(stored.get("approve")),
        guests=bool(stored.get("guests")),
    )


def wrong(rules: Rules) -> str:
    """What is wrong with rules that somebody typed; empty: nothing."""
    if len(rules.domains) > MOST_DOMAINS:
        return f"At most {MOST_DOMAINS} domains."
    return next((f"{one}: {why}" for one in rules.domains if (why := eligible.wrong(one))), "")


def decide(rules: Rules, comer: Comer, *, state: str, by_link: bool) -> Answer:
    """`state`: of their line of the roster, empty where they have none. `by_link`: they hold a link that is good."""
    if state == "out":
        return _no("roster:removed")
    if state:
        # On the roster, or come before: as they stand.
        return Answer("ask" if state == "asking" else "in")
    if comer.guest:
        return Answer("in") if rules.guests else _no("roster:no-guests")
    if rules.roster_only or not by_link:
        return _no("roster:not-on-it", who=comer.who)
    if rules.domains and not _fits(rules, comer, comer.email):
        fitting = _fits(rules, comer, comer.unverified)
        named = ", ".join(rules.domains)
        return _no("roster:unverified" if fitting else "roster:other-domain", domains=named, who=comer.who)
    return Answer("ask" if rules.approve else "in")


def _fits(rules: Rules, comer: Comer, email: str) -> bool:
    return any(
        eligible.fits(one, email=email, identity_provider=comer.identity_provider) for one in rules.domains
    )


def _no(problem: str, **params: str) -> Answer:
    return Answer("no", problem, params)
