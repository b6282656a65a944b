"""Operators' page of announcements; and putting one away, for everybody."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.operators import require_operator
from portal.accounts.time_zones import zone_of
from portal.accounts.views_profile import person
from portal.cloud.config import clouds
from portal.core.errors import PortalError
from portal.core.htmx import wants_part
from portal.notices import announcing
from portal.notices.announcing import Draft
from portal.notices.models import Announcement

_SHOWN = 100


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def announcements(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """All of them, and the form for a new one or, with `pk`, for another wording. `preview` shows and does nothing."""
    user = require_operator(request)
    changed = _announcement(pk) if pk is not None else None
    context = {"rows": _rows(), "levels": Announcement.Level.choices, "places": _places(), "changed": changed}
    context |= {"zone": zone_of(user).key, "tab": "announcements", "now": timezone.now()}
    status = 200
    if request.method == "POST":
        context["given"] = request.POST
        try:
            draft = _draft(request, zone_of(user))
            if "preview" in request.POST:
                context["preview"] = draft
            else:
                announcing.publish(draft=draft, by=user, announcement=changed)
                messages.success(request, "Published." if changed is None else "Changed.")
                return redirect("notices:announcements")
        except PortalError as error:
            context["error"], status = error.problem, error.problem.status
    else:
        context["given"] = _given(changed, zone_of(user))
    return render(request, "operator/announcements.html", context, status=status)


@login_required
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    announcing.end(announcement=_announcement(pk), by=require_operator(request))
    messages.success(request, "It is shown no more.")
    return redirect("notices:announcements")


@login_required
@require_POST
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    announcement = Announcement.objects.filter(pk=pk).first()
    if announcement is not None:
        announcing.dismiss(user=person(request), announcement=announcement)
    if wants_part(request):
        return HttpResponse()
    here = request.POST.get("here", "")
    ours = here.startswith("/") and url_has_allowed_host_and_scheme(here, allowed_hosts=None)
    return redirect(here if ours else "home")


def _announcement(pk: int) -> Announcement:
    found = Announcement.objects.filter(pk=pk).first()
    if found is None:
        raise PortalError("portal:not-found")
    return found


def _rows() -> list[Announcement]:
    return list(Announcement.objects.select_related("made_by")[:_SHOWN])


def _places() -> list[tuple[str, str]]:
    """What can be chosen as the audience: each cloud, and each of its regions where it has several."""
    found = [("", "Everybody")]
    for name, cloud in clouds().clouds.items():
        found.append((name, cloud.title))
        regions = cloud.regions if len(cloud.regions) > 1 else ()
        found += [(f"{name}/{region}", f"{cloud.title}, {cloud.region_title(region)}") for region in regions]
    return found


def _draft(request: HttpRequest, zone: ZoneInfo) -> Draft:
    cloud, _, region = request.POST.get("place", "").partition("/")
    return Draft(
        level=request.POST.get("level", ""),
        text=" ".join(request.POST.get("text", "").split()),
        url=request.POST.get("url", "").strip(),
        cloud=cloud[:64],
        region=region[:64],
        starts_at=_moment(request.POST.get("starts_at", ""), zone),
        ends_at=_moment(request.POST.get("ends_at", ""), zone),
        dismissable="dismissable" in request.POST,
    )


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        found = parse_datetime(text.strip())
    except ValueError:
        found = None
    if found is None:
        raise PortalError(
            "notices:bad-announcement", reason="Give the day and time of its start and of its end."
        )
    return found.replace(tzinfo=zone) if found.tzinfo is None else found


def _given(changed: Announcement | None, zone: ZoneInfo) -> dict[str, object]:
    """What the form says at first."""
    if changed is None:
        return {"starts_at": _local(timezone.now(), zone), "level": "info", "dismissable": "1"}
    return {
        "level": changed.level,
        "text": changed.text,
        "url": changed.url,
        "place": f"{changed.cloud}/{changed.region}" if changed.region else changed.cloud,
        "starts_at": _local(changed.starts_at, zone),
        "ends_at": _local(changed.ends_at, zone),
        "dismissable": "1" if changed.dismissable else "",
    }


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%dT%H:%M}"
