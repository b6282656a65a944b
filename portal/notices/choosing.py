"""What each person chose to hear of, and how."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from portal.accounts.models import User
from portal.core import audit
from portal.core.errors import PortalError
from portal.notices import kinds
from portal.notices.kinds import Kind
from portal.notices.models import Choice


@dataclass(frozen=True, slots=True)
class Chosen:
    """One kind, as one person hears of it."""

    kind: Kind
    page: bool
    mail: bool
    webhook: bool

    @property
    def ways(self) -> dict[str, bool]:
        return {kinds.PAGE: self.page, kinds.MAIL: self.mail, kinds.WEBHOOK: self.webhook}


def wants(kind: Kind, choice: Choice | None, way: str) -> bool:
    if way == kinds.PAGE and kind.always:
        return True
    return kind.usual(way) if choice is None else bool(getattr(choice, way))


def choices_of(user: User) -> list[Chosen]:
    """Every kind, by group. One query."""
    rows = {row.kind: row for row in Choice.objects.filter(user=user)}
    return [_chosen(kind, rows.get(kind.name)) for kind in kinds.all_kinds()]


def choice_of(user: User, name: str) -> Chosen:
    """One kind. PortalError `portal:not-found` for one that does not exist."""
    kind = kinds.find(name)
    if kind is None:
        raise PortalError("portal:not-found")
    return _chosen(kind, Choice.objects.filter(user=user, kind=name).first())


def _chosen(kind: Kind, row: Choice | None) -> Chosen:
    return Chosen(kind, *(wants(kind, row, way) for way in kinds.WAYS))


@transaction.atomic
def choose(*, user: User, wanted: Mapping[str, Mapping[str, bool]], by: User) -> int:
    """`wanted`: kind → way → yes or no; what it does not name stays. How many kinds changed."""
    changed: dict[str, dict[str, bool]] = {}
    for chosen in choices_of(user):
        told = wanted.get(chosen.kind.name)
        if told is None:
            continue
        after = {way: bool(told.get(way, before)) for way, before in chosen.ways.items()}
        if chosen.kind.always:
            after[kinds.PAGE] = True
        if after != chosen.ways:
            Choice.objects.update_or_create(user=user, kind=chosen.kind.name, defaults=after)
            changed[chosen.kind.name] = after
    if changed:
        audit.record(
            "notices.choose",
            by=by,
            scope=f"user.{user.pk}",
            target_type="user",
            target_id=user.pk,
            kinds=changed,
        )
    return len(changed)


def set_way(user: User, kind: Kind, way: str, yes: bool) -> bool:
    """One way of one kind, in the caller's transaction. True where it was otherwise."""
    row = Choice.objects.select_for_update().filter(user=user, kind=kind.name).first()
    before = _chosen(kind, row)
    if before.ways[way] == yes:
        return False
    Choice.objects.update_or_create(user=user, kind=kind.name, defaults={**before.ways, way: yes})
    return True
