"""One request on the files of a live session: whose, on which machine, and what of it this process already holds."""

import functools
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec
from uuid import UUID
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render as render_now

from instances.access import attendable
from instances.remote.attending import Attended, attend
from instances.remote.files import paths
from instances.remote.files.disk import Disk, disk_of
from instances.remote.files.parts import Transfers
from instances.remote.link import Secret
from instances.remote.models import RemoteSession
from instances.remote.views import refused
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.events import session_mark

# Uploads and downloads of one session at once; each piece of an upload counts while it is written.
MOST_TRANSFERS = 10
# Names in one step: more than a page shows.
MOST_NAMES = 1000
_KINDS = {RemoteSession.Kind.FILES, RemoteSession.Kind.SHELL, RemoteSession.Kind.DESKTOP}
_transfers: "WeakKeyDictionary[Attended, Transfers]" = WeakKeyDictionary()
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Here:
    user: User
    attended: Attended
    disk: Disk
    transfers: Transfers

    @property
    def session(self) -> RemoteSession:
        return self.attended.session

    def begin(self) -> Callable[[], None]:
        """A place among the transfers. PortalError `remote:too-many-transfers` when all are taken."""
        end = self.transfers.begin()
        if end is None:
            raise PortalError(
                "remote:too-many-transfers", outcome="retry", retry_after=2, most=self.transfers.most
            )
        return end


async def here(request: HttpRequest, id: UUID, secret: Secret | None = None) -> Here:
    """The person's own live session. PortalError as `instances.remote.attending.attend`, and `remote:no-sftp`."""
    user = await request.auser()
    if not isinstance(user, User):
        raise PortalError("portal:sign-in")
    mark = session_mark(request.session.session_key or "")
    attended = await attend(id, user=user, mark=mark, secret=secret)
    if attended.session.kind not in _KINDS:
        raise PortalError("portal:not-found")
    disk = await disk_of(attended.link, name=attended.way.name, login=attended.way.login)
    transfers = _transfers.setdefault(attended, Transfers(MOST_TRANSFERS))
    return Here(user, attended, disk, transfers)


View = Callable[Concatenate[HttpRequest, P], Coroutine[Any, Any, HttpResponseBase]]


def for_scripts(view: View[P]) -> View[P]:
    """Problems as `{"problem": …}` with their ways out, as `remote:open` answers them."""

    @functools.wraps(view)
    async def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return await view(request, *args, **kwargs)
        except PortalError as problem:
            return await sync_to_async(_refused)(request, problem, kwargs.get("id"))
        except paths.BadPath as error:
            return await sync_to_async(refused)(bad_path(error), None)

    return wrapped


def _refused(request: HttpRequest, problem: PortalError, id: Any) -> HttpResponse:
    """The ways out are the machine's, and only for whose session it is."""
    user = request.user
    if not isinstance(user, User):
        return refused(PortalError("portal:sign-in"), None)
    found = RemoteSession.objects.filter(pk=id, person=user).first()
    if found is None:
        return refused(problem, None)
    with suppress(PortalError):
        return refused(problem, attendable(user, found.instance_id))
    return refused(problem, None)


def for_people(view: View[P]) -> View[P]:
    """Problems as the portal's middleware shows them; names that cannot be used are one of them."""

    @functools.wraps(view)
    async def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return await view(request, *args, **kwargs)
        except paths.BadPath as error:
            raise bad_path(error) from error

    return wrapped


def bad_path(error: paths.BadPath) -> PortalError:
    return PortalError(
        "remote:bad-path", reason=f"This name or path cannot be used: {error.reason}", name="the machine"
    )


def path_of(disk: Disk, text: str) -> bytes:
    return paths.normal(paths.bytes_of(text), disk.home)


def names_of(text: str) -> list[bytes]:
    """Names within one folder, a line each."""
    names = [paths.name_of(paths.bytes_of(line)) for line in text.splitlines() if line]
    if len(names) > MOST_NAMES:
        raise PortalError("remote:too-many-names", count=len(names), most=MOST_NAMES, name="the machine")
    if not names:
        raise paths.BadPath("no name was given.")
    return list(dict.fromkeys(names))


def number_of(text: str, *, most: int = 2**62) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= most):
        raise PortalError("portal:bad-input", reason="A number is missing or out of bounds.")
    return int(text)


render = sync_to_async(render_now)
