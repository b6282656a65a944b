"""What the demo's PIs have set when the demo is first looked at: by the same functions as on the page, as themselves."""

from decimal import Decimal

from allocations.budgets import services, services_people
from allocations.budgets.models import Budget, Step
from allocations.budgets.services import Place, Terms
from allocations.budgets.services_people import Bounds
from allocations.models import Allocation, Membership
from portal.accounts.models import User


def seed() -> None:
    """Nothing where a budget is set already, and nothing that keeps anybody from trying the demo."""
    if Budget.objects.exists():
        return
    bio, course = _allocation("BIO220047"), _allocation("TRA220028")
    if bio:
        _of_a_lab(*bio)
    if course:
        _of_a_course(*course)


def _allocation(project: str) -> tuple[Allocation, User, list[User]] | None:
    """The allocation, its PI, and the others who use it; None where the PI has not come in."""
    live = Membership.objects.filter(allocation__project_name=project, allocation__region="IU", ended_at=None)
    rows = list(live.select_related("user", "allocation").order_by("pk"))
    pi = next((row for row in rows if row.role == Membership.Role.PI), None)
    if pi is None:
        return None
    others = [row.user for row in rows if row.role in (Membership.Role.MEMBER, Membership.Role.TA)]
    return pi.allocation, pi.user, others


def _of_a_lab(allocation: Allocation, pi: User, people: list[User]) -> None:
    every = Terms(su=Decimal(6000), hard=False, tell_managers=False)
    services.create(allocation=allocation, by=pi, place=Place(), terms=every)
    if people:
        team = services_people.save_group(allocation=allocation, by=pi, name="Assembly team", people=people)
        shared = Terms(su=Decimal(60_000), period=Budget.Period.GRANT, resource="cpu", hard=False)
        services.create(allocation=allocation, by=pi, place=Place(group=team), terms=shared)
        own = Terms(su=Decimal(4200), hard=False, at_100=Step.TELL)
        services.create(allocation=allocation, by=pi, place=Place(user=people[0]), terms=own)


def _of_a_course(allocation: Allocation, pi: User, people: list[User]) -> None:
    each = Terms(su=Decimal(2500), at_90=Step.TELL, at_100=Step.BLOCK, tell_managers=False)
    services.create(allocation=allocation, by=pi, place=Place(), terms=each)
    small = Bounds(max_vcpus=16, max_machines=12, max_gpus=0)
    services_people.set_limits(allocation=allocation, by=pi, place=Place(), bounds=small)
