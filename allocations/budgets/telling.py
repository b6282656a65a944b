"""What people are told of budgets: short, with numbers, what it means, until when, and whom to ask."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from django.urls import reverse

from allocations import keepers
from allocations.budgets import words
from allocations.budgets.books import Counted
from allocations.budgets.hooks import Held
from allocations.budgets.models import Crossing, GroupMember, Shelving, Step, Subject
from allocations.models import Allocation, Membership
from portal.accounts.models import User
from portal.notices import services as notices

THRESHOLD, SHELVING, LIFETIME = "budget.threshold", "budget.shelving", "machine.lifetime"
_MOST_NAMED = 10


def reached(one: Counted, row: Crossing) -> None:
    """A share of a budget is reached: to those whom it binds, and to its managers where they wish it."""
    budget, allocation = one.budget, one.budget.allocation
    ending = f"{row.percent} %" if row.percent < 100 else "All"
    lines = [
        f"{words.su(one.standing.spent)} of {words.su(one.standing.su)} SU are spent "
        f"{words.in_period(budget.period)} ({words.resource(budget.resource)}).",
        _what_happens(one, row),
        f"Ask {words.whom_to_ask(allocation)} for more.",
    ]
    level: Literal["warning", "danger"] = "danger" if row.step in (Step.BLOCK, Step.SHELVE) else "warning"
    key = f"budget:{budget.pk}:{one.person_key}:{row.period_key}:{row.percent}:{row.su:f}"
    for people, whose in _audience(one):
        notices.tell(
            THRESHOLD,
            to=people,
            key=key,
            title=f"{ending} of {whose} is spent in {allocation.project_name}",
            text="\n".join(lines),
            url=_page(allocation),
            level=level,
            scope=f"allocation.{allocation.pk}",
        )


def free_again(one: Counted, row: Crossing) -> None:
    """What was blocked is not any more: a new period, or more SUs."""
    budget, allocation = one.budget, one.budget.allocation
    why = "has begun anew" if row.period_key != one.period.key else "was raised"
    for people, whose in _audience(one):
        notices.tell(
            THRESHOLD,
            to=people,
            key=f"budget-free:{row.pk}",
            title=f"Machines can be started again in {allocation.project_name}",
            text=f"{whose[:1].upper()}{whose[1:]} {why}: {words.su(one.standing.left)} of "
            f"{words.su(budget.su)} SU are left {words.in_period(budget.period)}.",
            url=_page(allocation),
            level="success",
            scope=f"allocation.{allocation.pk}",
        )


def will_be_shelved(owner_id: int, machines: Sequence[Held], *, reason: str, due: datetime, key: str) -> None:
    allocation_id = machines[0].allocation_id
    people = _live(allocation_id, User.objects.filter(pk=owner_id)) or keepers.managers(allocation_id)
    names = [held.name for held in machines]
    what = names[0] if len(names) == 1 else f"{len(names)} machines"
    notices.tell(
        SHELVING,
        to=people,
        key=key,
        title=f"{what} will be shelved at {words.moment(due)}",
        text=f"Because of {reason}: {_listed(names)}.\nShelving shuts a machine down and keeps its disk and address; what is "
        "only in memory is lost. Save your work, or ask for more before then.",
        url=machines[0].url,
        level="danger",
        scope=f"allocation.{allocation_id}",
    )


def nobody_to_shelve(held: Held, row: Shelving) -> None:
    """The portal cannot do what was chosen, for nobody is connected: once per machine and cause."""
    people = {*keepers.managers(held.allocation_id), *User.objects.filter(pk=held.owner_id or 0)}
    notices.tell(
        SHELVING,
        to=people,
        key=f"nobody-to-shelve:{row.pk}",
        title=f"{held.name} could not be shelved: nobody is connected",
        text=f"It was to be shelved because of {row.reason}, and runs on at {words.su(held.per_hour)} SU per hour. The portal "
        "acts with the connection of a member, and none works now.\nConnect the cloud in your profile: the portal tries "
        "again every few minutes. Or shelve the machine in another portal of the cloud.",
        url=reverse("profile-clouds"),
        level="danger",
        scope=f"allocation.{held.allocation_id}",
    )


def lifetime(held: Held, ends_at: datetime, *, over: bool) -> None:
    """That a machine's time ends, where nothing but telling was chosen."""
    words_of = "is over" if over else f"ends {words.moment(ends_at)}"
    notices.tell(
        LIFETIME,
        to=User.objects.filter(pk=held.owner_id or 0),
        key=f"lifetime:{held.id}:{ends_at:%Y%m%dT%H%M%S}:{over}",
        title=f"The time of {held.name} {words_of}",
        text=f"It costs {words.su(held.per_hour)} SU per hour. Delete or shelve it when you are done with it; what you need "
        "of its disk can be kept as an image.",
        url=held.url,
        level="warning",
        scope=f"allocation.{held.allocation_id}",
    )


def _what_happens(one: Counted, row: Crossing) -> str:
    until = words.until(one.period)
    match row.step:
        case Step.SHELVE:
            grace = words.minutes(one.budget.grace_minutes)
            return (
                f"Nothing new is started from it {until}, and what runs is shelved {grace} after a warning."
            )
        case Step.BLOCK:
            return f"Nothing new is started from it {until}. What runs, runs on."
        case _:
            pace = one.standing.burning
            return f"What runs costs {words.su(pace)} SU per hour and runs on." if pace else "Nothing runs."


def _audience(one: Counted) -> list[tuple[list[User], str]]:
    """Who is told, and what the budget is to them."""
    budget = one.budget
    if budget.subject == Subject.GROUP:
        seats = GroupMember.objects.filter(group=budget.group_id or 0).select_related("user")
        bound = [seat.user for seat in seats]
        whose = f"the budget of {budget.group}"
    elif budget.subject == Subject.MACHINE:
        owners = {held.owner_id for held in one.machines if held.owner_id}
        bound, whose = list(User.objects.filter(pk__in=owners)), f"the budget of {budget.name}"
    else:
        bound = list(User.objects.filter(pk=one.person_key or budget.user_id or 0))
        whose = "your budget"
    bound = _live(budget.allocation_id, bound)
    told = [(bound, whose)]
    if budget.tell_managers:
        known = {person.pk for person in bound}
        managers = [person for person in keepers.managers(budget.allocation_id) if person.pk not in known]
        name = f"the budget of {bound[0]}" if whose == "your budget" and bound else whose
        told.append((managers, name))
    return told


def _live(allocation_id: int, people: Iterable[User]) -> list[User]:
    """Those who are members still: who has left is told nothing of it any more."""
    given = {person.pk: person for person in people}
    live = Membership.objects.filter(allocation=allocation_id, ended_at=None, user__in=given)
    return [given[pk] for pk in live.order_by("user").values_list("user_id", flat=True)]


def _listed(names: Iterable[str]) -> str:
    given = list(names)
    more = len(given) - _MOST_NAMED
    return words.joined([*given[:_MOST_NAMED], *([f"{more} more"] if more > 0 else [])])


def _page(allocation: Allocation) -> str:
    return reverse("budgets:page", args=[allocation.slug])
