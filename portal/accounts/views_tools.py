"""Credentials for the person's own tools: asking for one, seeing its files once, the list, revoking."""

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts import tools, tools_files
from portal.accounts.models import ToolCredential
from portal.accounts.tools_files import Access
from portal.accounts.tools_forms import USUAL_DAYS, ToolForm, longest_days
from portal.accounts.views_profile import person
from portal.cloud.config import clouds
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def own_tools(request: HttpRequest) -> HttpResponse:
    user = person(request)
    openers = tools.openers(user)
    first = {"place": request.GET.get("place", ""), "days": min(USUAL_DAYS, longest_days(openers))}
    form = ToolForm(request.POST if request.method == "POST" else None, initial=first, openers=openers)
    if request.method == "POST" and form.is_valid():
        return redirect("profile-tool", pk=tools.ask(by=user, **form.wanted()).pk)
    context = {"form": form, **_list(request)}
    return page_or_part(
        request, "profile/tools.html", "profile/_tools.html", context, status=422 if form.errors else 200
    )


@login_required
@never_cache
@require_GET
def own_tool(request: HttpRequest, pk: int) -> HttpResponse:
    """Waits until it is made, then offers to show its files."""
    tool = tools.mine(person(request), pk)
    return page_or_part(request, "profile/tool.html", "profile/_tool.html", _one(tool))


@login_required
@never_cache
@require_POST
def show_tool(request: HttpRequest, pk: int) -> HttpResponse:
    """The files, in the answer to this POST and on no page after it."""
    user = person(request)
    tool = tools.mine(user, pk)
    if tool.cloud not in clouds().clouds:
        raise PortalError("portal:not-found")
    secret = tools.show(tool=tool, by=user)
    tool.refresh_from_db()
    access = _access(tool, secret)
    files = [
        {"file": found, "link": f"data:{found.mime};charset=utf-8,{quote(found.text)}"}
        for found in tools_files.files(access)
    ]
    return render(request, "profile/tool.html", {**_one(tool), "files": files})


@login_required
@require_POST
def revoke_tool(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    tool = tools.mine(user, pk)
    tools.revoke(tool=tool, by=user, reason="revoked by its owner")
    messages.success(request, f"{tool.name} is being deleted at the cloud; files made from it stop working.")
    return redirect("profile-tools")


def _list(request: HttpRequest) -> dict[str, Any]:
    listed = list(tools.listed(person(request)))
    # The socket of a page that was just opened may miss the news: it asks, too, while it waits.
    waits = any(tool.in_work for tool in listed)
    return {"tools": listed, "waits": waits, "now": timezone.now(), "tab": "tools"}


def _one(tool: ToolCredential) -> dict[str, Any]:
    now = timezone.now()
    cloud = clouds().clouds.get(tool.cloud)
    return {
        "tool": tool,
        "cloud_title": cloud.title if cloud else tool.cloud,
        "may_show": tool.can_be_shown(now),
        "entry": tools_files.entry_name(tool.cloud, tool.project_name, tool.region),
        "now": now,
        "tab": "tools",
    }


def _access(tool: ToolCredential, secret: str) -> Access:
    config = clouds().cloud(tool.cloud)
    until = f"{tool.expires_at:%Y-%m-%d}"
    return Access(
        entry=tools_files.entry_name(tool.cloud, tool.project_name, tool.region),
        auth_url=config.auth_url,
        region=tool.region,
        interface=config.interface,
        verify=config.verify is not False,
        id=tool.application_credential_id,
        secret=secret,
        about=f"{tool.project_name} at {config.title}: {tool.name}, until {until}. Whoever has this file can act as you.",
    )
