"""The inbox, choices and webhooks for programs, over the same functions as the pages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query as Parameters
from ninja import Router, Schema, Status
from pydantic import Field

from portal.accounts.views_profile import person
from portal.notices import choosing, inbox, webhooks
from portal.notices.models import Notice, Sending, Webhook

router = Router(tags=["notices"])
_SENDINGS = 50


class NoticeOut(Schema):
    """`level`: info, success, warning, danger. `scope`: "allocation.<number>", or empty. `url`: a page of the portal."""

    id: UUID
    kind: str
    scope: str
    level: str
    title: str
    text: str
    url: str
    created_at: datetime
    read_at: datetime | None


class NoticePage(Schema):
    """`next`: give it as `after` to read on; null at the end. `unread` counts up to 100."""

    items: list[NoticeOut]
    next: str | None
    unread: int


class NoticeFilter(Schema):
    kind: str = ""
    scope: str = ""
    unread: bool = False
    after: str = ""


class ReadIn(Schema):
    """Which; none: all."""

    ids: list[UUID] = Field(default_factory=list, max_length=500)


class CountOut(Schema):
    changed: int


class ChoiceOut(Schema):
    kind: str
    title: str
    group: str
    always: bool
    page: bool
    mail: bool
    webhook: bool


class ChoiceIn(Schema):
    """What is left out stays as it is."""

    page: bool | None = None
    mail: bool | None = None
    webhook: bool | None = None


class WebhookOut(Schema):
    """`kinds`: empty for all. `scope`: empty for what you hear of yourself."""

    id: UUID
    name: str
    url: str
    scope: str
    kinds: list[str]
    created_at: datetime
    last_ok_at: datetime | None
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_why: str


class NewWebhookOut(WebhookOut):
    """`secret` is in this answer and in no other."""

    secret: str


class WebhookIn(Schema):
    name: str
    url: str
    kinds: list[str] = Field(default_factory=list, max_length=500)


class NewWebhookIn(WebhookIn):
    scope: str = ""


class SendingOut(Schema):
    """`state`: waiting, sending, done, failed."""

    id: UUID
    kind: str
    title: str
    state: str
    attempts: int
    created_at: datetime
    tried_at: datetime | None
    status_code: int | None
    error: str


@router.get("/notices", response=NoticePage)
def list_notices(request: HttpRequest, filters: Parameters[NoticeFilter]) -> dict[str, Any]:
    """Your inbox, newest first."""
    user = person(request)
    query = inbox.Query(
        kind=filters.kind, scope=filters.scope, unread="1" if filters.unread else "", after=filters.after
    )
    found = inbox.page_of(user, query)
    rows: list[Notice] = [line.notice for line in found.lines]
    return {"items": rows, "next": str(rows[-1].pk) if found.next_url else None, "unread": inbox.unread(user)}


@router.post("/notices/read", response=CountOut)
def read_notices(request: HttpRequest, given: ReadIn) -> dict[str, int]:
    """Mark these of yours as read, or all."""
    return {"changed": inbox.mark_read(person(request), *given.ids)}


@router.get("/notices/choices", response=list[ChoiceOut])
def list_choices(request: HttpRequest) -> list[dict[str, Any]]:
    """How you hear of each kind."""
    return [_choice(one) for one in choosing.choices_of(person(request))]


@router.patch("/notices/choices/{kind}", response=ChoiceOut)
def change_choice(request: HttpRequest, kind: str, given: ChoiceIn) -> dict[str, Any]:
    user = person(request)
    wanted = {way: yes for way, yes in given.dict().items() if yes is not None}
    choosing.choose(user=user, wanted={kind: wanted}, by=user)
    return _choice(choosing.choice_of(user, kind))


def _choice(one: choosing.Chosen) -> dict[str, Any]:
    kind = one.kind
    return {"kind": kind.name, "title": kind.title, "group": kind.group, "always": kind.always, **one.ways}


@router.get("/webhooks", response=list[WebhookOut])
def list_webhooks(request: HttpRequest) -> list[Webhook]:
    """Yours, and those of allocations that you manage."""
    return list(webhooks.of(person(request)))


@router.post("/webhooks", response={201: NewWebhookOut})
def add_webhook(request: HttpRequest, given: NewWebhookIn) -> Status[dict[str, Any]]:
    user = person(request)
    made, secret = webhooks.add(
        owner=user, by=user, name=given.name, url=given.url, scope=given.scope, chosen=given.kinds
    )
    return Status(201, {**WebhookOut.from_orm(made).dict(), "secret": secret})


@router.put("/webhooks/{id}", response=WebhookOut)
def change_webhook(request: HttpRequest, id: UUID, given: WebhookIn) -> Webhook:
    user = person(request)
    hook = webhooks.webhook_of(user, id)
    return webhooks.change(hook=hook, by=user, name=given.name, url=given.url, chosen=given.kinds)


@router.delete("/webhooks/{id}", response={204: None})
def remove_webhook(request: HttpRequest, id: UUID) -> Status[None]:
    user = person(request)
    webhooks.remove(hook=webhooks.webhook_of(user, id), by=user)
    return Status(204, None)


@router.post("/webhooks/{id}/test", response={202: SendingOut})
def test_webhook(request: HttpRequest, id: UUID) -> Status[Sending]:
    """Sends it an event of type `webhook.test`, once."""
    user = person(request)
    return Status(202, webhooks.test(hook=webhooks.webhook_of(user, id), by=user))


@router.get("/webhooks/{id}/deliveries", response=list[SendingOut])
def list_deliveries(request: HttpRequest, id: UUID) -> list[Sending]:
    """What it was sent lately, newest first."""
    hook = webhooks.webhook_of(person(request), id)
    return list(hook.sendings.order_by("-id")[:_SENDINGS])
