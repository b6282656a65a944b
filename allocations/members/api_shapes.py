"""What the API says of members, departures and invitations, and what it takes."""

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from allocations.members import inviting
from allocations.members.models import Departure, Invitation
from allocations.members.rows import Row


class MemberOut(Schema):
    """`key` stands for the person in other calls. `advisory`: the role is a source's word, not yet in force here.

    SUs are null where they are not yours to know, `email` is empty.
    """

    key: str
    username: str
    name: str
    email: str
    role: str
    source: str
    advisory: bool
    state: str = Field(description="active, pending, inactive, refused or removed")
    state_words: str
    resources: list[str]
    last_active: datetime | None
    machines: int
    su_week: Decimal | None
    su_month: Decimal | None
    su_period: Decimal | None


class MemberPage(Schema):
    items: list[MemberOut]
    matched: int
    page: int
    pages: int


class PersonIn(Schema):
    username: str = Field(min_length=1, max_length=200)
    role: Literal["member", "ta", "manager"] | None = None
    resources: list[str] = Field(default_factory=list, max_length=10)


class AddIn(Schema):
    people: list[PersonIn] = Field(min_length=1, max_length=500)
    role: Literal["member", "ta", "manager"] = "member"
    resources: list[str] = Field(default_factory=list, max_length=10)
    comment: str = Field(default="", max_length=500)


class AskedOut(Schema):
    """`state`: noted (the source takes nothing from here: what was decided waits), refused, or how the request stands."""

    username: str
    state: str
    reason: str = ""


class RoleIn(Schema):
    role: Literal["pi", "co_pi", "manager", "ta", "member"]


class ThingOut(Schema):
    """`choices`: what may be done with it, one of hand, stop, shelve, leave; none: `detail` says what happens."""

    kind: str
    id: str
    name: str
    detail: str
    su_per_hour: Decimal | None
    choices: list[str]


class ChoiceIn(Schema):
    kind: str
    id: str
    do: Literal["hand", "stop", "shelve", "leave"]
    to: str = Field(default="", description="key of the member who gets it, for hand")


class RemoveIn(Schema):
    things: list[ChoiceIn] = Field(default_factory=list, max_length=1000)
    comment: str = Field(default="", max_length=500)


class SettledOut(Schema):
    kind: str
    name: str
    do: str
    to: str
    done: bool
    problem: str


class DepartureOut(Schema):
    id: UUID
    username: str
    name: str
    by: str
    at: datetime
    settled: bool
    things: list[SettledOut]


class InvitationIn(Schema):
    role: Literal["member", "ta", "manager"] = "member"
    days: int = Field(default=7, ge=1, le=inviting.MOST_DAYS)
    cap: int = Field(default=10, ge=1, le=inviting.MOST_USES)
    domain: str = Field(default="", max_length=255)
    note: str = Field(default="", max_length=200)
    mail_to: list[str] = Field(default_factory=list, max_length=inviting.MOST_MAILS)


class InvitationOut(Schema):
    """`link` is there in the answer that made it, and nowhere else."""

    id: UUID
    hint: str
    role: str
    note: str
    domain: str
    cap: int
    used: int
    used_by: list[str]
    expires_at: datetime
    revoked_at: datetime | None
    created_by: str
    link: str | None = None


def member(row: Row, manages: bool) -> MemberOut:
    spent = row.spent
    return MemberOut(
        key=row.key,
        username=row.person.username,
        name=row.name,
        email=row.person.email if manages or row.own else "",
        role=row.role,
        source=row.person.source,
        advisory=row.person.advisory,
        state=row.state,
        state_words=row.state_words,
        resources=list(row.person.resources),
        last_active=row.last_active,
        machines=row.machines,
        su_week=spent.week if spent else None,
        su_month=spent.month if spent else None,
        su_period=spent.period if spent else None,
    )


def departure(row: Departure) -> DepartureOut:
    return DepartureOut(
        id=row.pk,
        username=row.username,
        name=row.name,
        by=row.by_name,
        at=row.at,
        settled=row.settled_at is not None,
        things=[
            SettledOut(
                kind=item.kind,
                name=item.name,
                do=item.choice,
                to=item.to_name,
                done=item.done_at is not None,
                problem=item.problem,
            )
            for item in row.items.all()
        ],
    )


def invitation(row: Invitation, link: str | None = None) -> InvitationOut:
    return InvitationOut(
        id=row.pk,
        hint=row.hint,
        role=row.role,
        note=row.note,
        domain=row.domain,
        cap=row.cap,
        used=row.used,
        used_by=[str(use.user) for use in row.uses.all()],
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        created_by=str(row.created_by or ""),
        link=link,
    )
