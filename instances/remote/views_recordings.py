"""Looking at what a shell printed, taking it along, deleting it."""

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from instances.remote import doors, recordings
from instances.remote.models import Recording
from portal.accounts.views_profile import person

_END = b""


@never_cache
@require_safe
def recording(request: HttpRequest, id: UUID) -> HttpResponse:
    found = doors.recording_for(request.user, id)
    session = found.session
    context = {
        "recording": found,
        "session": session,
        "i": session.instance,
        "allocation": session.instance.allocation,
        "may_remove": doors.may_remove(request.user, found),
        "why": recordings.STOPPED.get(found.end_reason, ""),
        "people": session.visits.select_related("person").order_by("joined_at"),
    }
    return render(request, "remote/recording.html", context)


@never_cache
@require_safe
def cast(request: HttpRequest, id: UUID) -> StreamingHttpResponse:
    """The asciicast. With `?download` it is kept as a file."""
    found = doors.recording_for(request.user, id)
    text = recordings.text_of(found)
    response = StreamingHttpResponse(_in_thread(text), content_type="application/x-asciicast")
    response["X-Content-Type-Options"] = "nosniff"
    # Django would compress each part by itself, and browsers read the first of such parts only.
    response["Content-Encoding"] = "identity"
    if "download" in request.GET:
        response["Content-Disposition"] = f'attachment; filename="{_name_of(found)}"'
    return response


async def _in_thread(text: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Frame by frame: reading and unsealing them keeps no other request waiting."""
    following = sync_to_async(lambda: next(text, _END), thread_sensitive=False)
    while frame := await following():
        yield frame


def _name_of(found: Recording) -> str:
    name = slugify(found.session.instance.name)[:60] or "shell"
    return f"{name}-{found.started_at:%Y%m%d-%H%M}.cast"


@never_cache
@require_http_methods(["POST"])
def remove(request: HttpRequest, id: UUID) -> HttpResponse:
    found = doors.removable_recording(request.user, id)
    recordings.remove(by=person(request), recording=found)
    messages.success(request, "The recording was deleted; no copy of its file can be read any more.")
    return HttpResponseRedirect(reverse("remote:of-machine", args=[found.session.instance_id]))
