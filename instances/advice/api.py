from decimal import Decimal

from django.http import HttpRequest
from ninja import Router, Schema

from allocations.access import allocation_for
from allocations.roles import Need
from instances.advice import board
from instances.advice.board import Shown

router = Router(tags=["advice"])


class AdviceOut(Schema):
    """`su_per_week` null: following it frees quota (`frees`) rather than service units."""

    key: str
    kind: str
    subject_id: str
    subject: str
    owner: str
    what: str
    why: str
    action: str
    size: str
    su_per_week: Decimal | None
    frees: str
    may_act: bool


class BoardOut(Schema):
    su_per_week: Decimal
    items: list[AdviceOut]
    dismissed: list[AdviceOut]


def _out(shown: Shown) -> AdviceOut:
    one = shown.advice
    return AdviceOut(
        key=one.key,
        kind=one.kind,
        subject_id=one.subject_id,
        subject=one.subject,
        owner=shown.owner,
        what=one.what,
        why=one.why,
        action=one.action,
        size=one.size.name if one.size else "",
        su_per_week=one.su_per_week,
        frees=one.frees,
        may_act=shown.may_act,
    )


@router.get("/allocations/{slug}/advice", response=BoardOut)
def list_advice(request: HttpRequest, slug: str) -> BoardOut:
    """What could be had for less: each piece with what it stands on and what it would save."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    found = board.board(allocation, request.user)
    return BoardOut(
        su_per_week=found.su_per_week,
        items=[_out(one) for one in found.shown],
        dismissed=[_out(one) for one in found.dismissed],
    )
