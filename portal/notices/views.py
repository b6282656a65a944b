"""The inbox, the bell that counts it, and the mails that went out."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.impersonation import looking_in
from portal.accounts.views_profile import person
from portal.core.htmx import page_or_part
from portal.notices import inbox, kinds, mails, retiring
from portal.notices.models import Mail


@login_required
@never_cache
@require_GET
def show_inbox(request: HttpRequest) -> HttpResponse:
    user = person(request)
    context = {
        "page": inbox.page_of(user, inbox.Query.read(request.GET.dict())),
        "kinds": [kind for kind in kinds.all_kinds() if kind.name != retiring.TEST],
        "groups": kinds.GROUPS,
        "here": request.get_full_path(),
    }
    return page_or_part(request, "notices/inbox.html", "notices/_inbox.html", context)


@login_required
@never_cache
@require_GET
def bell(request: HttpRequest) -> HttpResponse:
    return render(request, "notices/_bell.html")


@login_required
@never_cache
@require_GET
def open_notice(request: HttpRequest, id: UUID) -> HttpResponse:
    """Where it leads; it counts as read from then on, but not because an operator looked."""
    notice = inbox.notice_of(person(request), id)
    if looking_in(request) is None:
        inbox.mark_read(person(request), notice.pk)
    return redirect(notice.url or "notices:inbox")


@login_required
@require_POST
def read(request: HttpRequest, id: UUID) -> HttpResponse:
    inbox.mark_read(person(request), inbox.notice_of(person(request), id).pk)
    return _back(request)


@login_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    count = inbox.mark_read(person(request))
    messages.success(request, f"{count} marked as read." if count else "There was nothing unread.")
    return _back(request)


@login_required
@never_cache
@require_GET
def show_mails(request: HttpRequest) -> HttpResponse:
    """What the portal wrote to this person lately, and whether the mail server took it."""
    user = person(request)
    sent = Mail.objects.filter(user=user).order_by("-id")[:50]
    context = {"mails": sent, "address": user.email, "configured": mails.configured(), "tab": "notices"}
    return render(request, "notices/mails.html", context)


def _back(request: HttpRequest) -> HttpResponse:
    """To the page of the inbox that the form stood on."""
    wanted = request.POST.get("here", "")
    ours = wanted.startswith("/notices/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return redirect(wanted if ours else "notices:inbox")
