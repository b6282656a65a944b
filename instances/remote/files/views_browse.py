"""Lists, and the dialogs that change something: a new folder, names, permissions, deleting; previews."""

from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from instances import trail
from instances.remote.files import paths, previews, walking
from instances.remote.files.browsing import fill, followed, look, make_folder, rename, set_mode
from instances.remote.files.entries import Entry, Order, Page, at_place, place_of
from instances.remote.files.failures import explained, told
from instances.remote.files.here import (
    Here,
    bad_path,
    for_people,
    for_scripts,
    here,
    names_of,
    path_of,
    render,
)
from instances.remote.files.reading import let_go
from instances.remote.models import RemoteSession
from portal.core.errors import PortalError
from portal.core.htmx import toast, trigger

COLUMNS = (("name", "Name"), ("size", "Size"), ("changed", "Changed"))
# A dialog that asks waits for its count so long, and then says "more than".
_COUNT_SECONDS, _COUNT_MOST = 4.0, 20_000
# What one request deletes; more is done by the next, which the dialog makes by itself.
_DELETE_SECONDS = 6.0
_SHOWN_NAMES = 8
_GRID = (("owner", 6), ("group", 3), ("others", 0))


@never_cache
@require_http_methods(["GET"])
@for_scripts
async def listing(request: HttpRequest, id: UUID) -> HttpResponse:
    """One page of a folder: `path, sort, hidden, q`, and `after` for the next, which is rows only."""
    found = await here(request, id)
    given = request.GET
    folder = path_of(found.disk, given.get("path", ""))
    page = Page(
        order=Order.of(given.get("sort", "")),
        hidden=given.get("hidden") == "1",
        words=given.get("q", "")[:100],
        after=at_place(given["after"]) if "after" in given else None,
    )
    entries = await fill(found.disk, folder, page)
    context = _listed(found, folder, page, entries)
    part = "remote/_files_rows.html" if page.after is not None else "remote/_files_list.html"
    return await render(request, part, context)


def _listed(found: Here, folder: bytes, page: Page, entries: list[Entry]) -> dict[str, Any]:
    kept = {"path": paths.text_of(folder), "sort": str(page.order)}
    kept |= {"hidden": "1"} if page.hidden else {}
    kept |= {"q": page.words} if page.words else {}
    return {
        "session": found.session,
        "folder": paths.text_of(folder),
        "folder_shown": paths.shown(folder),
        "home": paths.text_of(found.disk.home),
        "crumbs": [(label, paths.text_of(path)) for label, path in paths.crumbs(folder)],
        "up": paths.text_of(paths.parent(folder)) if folder != b"/" else "",
        "page": page,
        "order": page.order,
        "rows": [(entry, paths.text_of(paths.join(folder, entry.name))) for entry in entries],
        "columns": [(name, label, _next_order(page.order, name)) for name, label in COLUMNS],
        "more": urlencode(kept | {"after": place_of(entries[-1])}) if page.more and entries else "",
    }


def _next_order(now: Order, name: str) -> tuple[str, str]:
    """How the column is sorted now, and what a click on it asks for."""
    if now.by != name:
        return "", name if name == "name" else f"-{name}"
    return ("descending", name) if now.down else ("ascending", f"-{name}")


def _done(words: str, folder_changed: bool = True) -> HttpResponse:
    response = trigger(HttpResponse(status=204), "close-dialog")
    if folder_changed:
        trigger(response, "files:changed")
    return toast(response, "success", words)


async def _posted(request: HttpRequest) -> MultiValueDict[str, str]:
    """Django reads a form in a synchronous way."""
    return await sync_to_async(lambda: request.POST)()


@never_cache
@require_http_methods(["GET", "POST"])
@for_people
async def new_folder(request: HttpRequest, id: UUID) -> HttpResponseBase:
    found = await here(request, id)
    given = await _posted(request) if request.method == "POST" else request.GET
    folder = path_of(found.disk, given.get("folder", ""))
    context = {"session": found.session, "folder": paths.text_of(folder), "folder_shown": paths.shown(folder)}
    if request.method == "GET":
        return await render(request, "remote/_files_folder.html", context)
    name = given.get("name", "")
    try:
        await make_folder(found.disk, paths.join(folder, paths.name_of(name.encode())))
    except (PortalError, paths.BadPath, UnicodeEncodeError) as error:
        return await _again(request, "remote/_files_folder.html", context | {"typed": name}, error)
    return _done(f"Folder “{paths.shown(name.encode())}” was made.")


async def _again(request: HttpRequest, part: str, context: dict[str, Any], error: Exception) -> HttpResponse:
    """The dialog once more, with what stood in the way."""
    if isinstance(error, UnicodeEncodeError):
        error = paths.BadPath("it holds half of a character.")
    problem = bad_path(error) if isinstance(error, paths.BadPath) else error
    assert isinstance(problem, PortalError)
    return await render(request, part, context | {"error": problem}, status=problem.problem.status)


@never_cache
@require_http_methods(["GET", "POST"])
@for_people
async def new_name(request: HttpRequest, id: UUID) -> HttpResponseBase:
    found = await here(request, id)
    given = await _posted(request) if request.method == "POST" else request.GET
    path = path_of(found.disk, given.get("path", ""))
    entry = await look(found.disk, path)
    context = {"session": found.session, "path": paths.text_of(path), "entry": entry, "typed": entry.shown}
    if request.method == "GET":
        return await render(request, "remote/_files_rename.html", context)
    name = given.get("name", "")
    if name == entry.shown:
        return _done("The name stays.", folder_changed=False)
    try:
        await rename(found.disk, path, paths.name_of(name.encode()))
    except (PortalError, paths.BadPath, UnicodeEncodeError) as error:
        return await _again(request, "remote/_files_rename.html", context | {"typed": name}, error)
    return _done(f"“{entry.shown}” is “{paths.shown(name.encode())}” now.")


@never_cache
@require_http_methods(["GET", "POST"])
@for_people
async def permissions(request: HttpRequest, id: UUID) -> HttpResponseBase:
    found = await here(request, id)
    given = await _posted(request) if request.method == "POST" else request.GET
    path = path_of(found.disk, given.get("path", ""))
    entry = await look(found.disk, path)
    context = {
        "session": found.session,
        "path": paths.text_of(path),
        "entry": entry,
        "grid": [(who, shift, _marks(entry.mode >> shift)) for who, shift in _GRID],
    }
    if request.method == "GET":
        return await render(request, "remote/_files_permissions.html", context)
    mode = sum(bit << shift for who, shift in _GRID for bit in (4, 2, 1) if f"{who}-{bit}" in given)
    try:
        await set_mode(found.disk, path, mode)
    except PortalError as error:
        return await _again(request, "remote/_files_permissions.html", context, error)
    return _done(f"Permissions of “{entry.shown}” are {mode:03o} now.")


def _marks(bits: int) -> list[tuple[int, str, bool]]:
    return [(bit, label, bool(bits & bit)) for bit, label in ((4, "read"), (2, "write"), (1, "execute"))]


@never_cache
@require_POST
@for_people
async def delete(request: HttpRequest, id: UUID) -> HttpResponseBase:
    """`names` of `folder`. Without `sure` it says what would go; then it goes, a while at a time."""
    found = await here(request, id)
    given = await _posted(request)
    folder = path_of(found.disk, given.get("folder", ""))
    names = names_of(given.get("names", ""))
    context: dict[str, Any] = {
        "session": found.session,
        "folder": paths.text_of(folder),
        "folder_shown": paths.shown(folder),
        "names": "\n".join(paths.text_of(name) for name in names),
        "count": len(names),
        "gone": sum(int(text) for text in given.getlist("gone") if text.isdigit() and len(text) < 10),
    }
    _refuse_whole(found, folder, names)
    if "sure" not in given:
        return await _ask(request, found, folder, names, context)
    result = await walking.delete(found.disk, folder, names, seconds=_DELETE_SECONDS)
    gone = context["gone"] + result.gone
    if result.failed is None and not result.whole:
        return await render(request, "remote/_files_deleting.html", context | {"gone": gone})
    await sync_to_async(_record)(found, gone)
    if result.failed is None:
        return _done(f"{gone} {'thing was' if gone == 1 else 'things were'} deleted.")
    path, why = result.failed
    error = await explained(found.disk, why, path, "delete", look="empty")
    response = await render(request, "remote/_files_deleted.html", context | {"gone": gone, "error": error})
    return trigger(response, "files:changed")


def _refuse_whole(found: Here, folder: bytes, names: list[bytes]) -> None:
    """The login's own home, and what holds it, are what the machine is used by."""
    for name in names:
        path = paths.join(folder, name)
        if found.disk.home == path or found.disk.home.startswith(path + b"/"):
            raise PortalError(
                "remote:bad-path",
                reason=f"“{paths.shown(path)}” holds the home folder of {found.disk.login}, which the machine needs.",
                name=found.disk.name,
            )


async def _ask(
    request: HttpRequest, found: Here, folder: bytes, names: list[bytes], context: dict[str, Any]
) -> HttpResponse:
    counted = await walking.count(found.disk, folder, names, seconds=_COUNT_SECONDS, most=_COUNT_MOST)
    async with told(found.disk, folder, "read"):
        first = [await look(found.disk, paths.join(folder, name)) for name in names[:_SHOWN_NAMES]]
    shown = await followed(found.disk, folder, first)
    context |= {"counted": counted, "first": shown, "further": len(names) - len(shown)}
    return await render(request, "remote/_files_delete.html", context)


def _record(found: Here, gone: int) -> None:
    """How much, not what: names of files are people's own."""
    session = RemoteSession.objects.select_related("instance").get(pk=found.session.pk)
    instance = session.instance
    trail.record(
        "remote.files-deleted",
        instance,
        by=found.user,
        session=str(session.pk),
        login=session.login,
        count=gone,
    )


@never_cache
@require_http_methods(["GET"])
@for_people
async def preview(request: HttpRequest, id: UUID) -> HttpResponseBase:
    """The beginning of a text, or an image; else what is known of the file."""
    found = await here(request, id)
    path = path_of(found.disk, request.GET.get("path", ""))
    [entry] = await followed(found.disk, paths.parent(path), [await look(found.disk, path)])
    data = await _beginning(found, path) if entry.is_file else b""
    sort = previews.sort_of(data[: previews.HEAD]) if entry.is_file else "none"
    text = paths.text_of(path)
    address = f"{reverse('remote:files-content', args=[found.session.pk])}?{urlencode({'path': text})}"
    context = {
        "session": found.session,
        "entry": entry,
        "path": text,
        "sort": "none" if sort == "image" and entry.size > previews.MOST_IMAGE else sort,
        "text": previews.text_of(data) if sort == "text" else "",
        "cut": sort == "text" and entry.size > len(data),
        "address": address,
    }
    return await render(request, "remote/_files_preview.html", context)


async def _beginning(found: Here, path: bytes) -> bytes:
    async with told(found.disk, path, "read"):
        file = await found.disk.sftp.open(path, "rb")
        try:
            data: bytes = await file.read(previews.MOST_TEXT, 0)
        finally:
            await let_go(file)
    found.attended.count(out=len(data))
    return data[: previews.MOST_TEXT]
