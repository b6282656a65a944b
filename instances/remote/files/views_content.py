"""Files' bytes in both directions, and archives."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from email.utils import format_datetime
from uuid import UUID

import asyncssh
from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods

from instances.remote.files import archive, paths, previews, ranges, uploading
from instances.remote.files.browsing import entry_of, look, make_folders
from instances.remote.files.entries import Entry
from instances.remote.files.failures import told
from instances.remote.files.here import Here, for_scripts, here, names_of, number_of, path_of
from instances.remote.files.reading import blocks, let_go, until_end
from instances.remote.files.streams import Streamed, sent
from instances.remote.files.uploading import PIECE, Upload
from portal.core.errors import PortalError

_ANY = "application/octet-stream"
# What a machine holds is never a page of ours: it may not run, and no other site may use it.
_HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache, no-transform",
}


@require_http_methods(["GET", "HEAD", "PUT"])
@for_scripts
async def content(request: HttpRequest, id: UUID) -> HttpResponseBase:
    """GET the file, or a range of it; `?check` says only whether it can be had. PUT one piece of an upload."""
    if request.method == "PUT":
        return await _take(request, id)
    found = await here(request, id)
    path = path_of(found.disk, request.GET.get("path", ""))
    async with told(found.disk, path, "read"):
        entry = entry_of(paths.last(path), await found.disk.sftp.stat(path))
        if entry.kind == "file" and "check" in request.GET:
            await let_go(await found.disk.sftp.open(path, "rb"))
            return HttpResponse(status=204)
    if entry.kind != "file":
        kind = "remote:is-folder" if entry.kind == "folder" else "remote:not-regular"
        raise PortalError(kind, path=paths.shown(path), name=found.disk.name)
    return await _give(request, found, path, entry)


async def _give(request: HttpRequest, found: Here, path: bytes, entry: Entry) -> HttpResponseBase:
    headers = _headers(entry)
    try:
        part = ranges.asked(_wanted_range(request, entry), entry.size)
    except ranges.NotThere:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{entry.size}"})
    start, stop = part or (0, entry.size)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{entry.size}"
    # Files that say they are empty may not be (/proc): how long those are is known at their end.
    if entry.size:
        headers["Content-Length"] = str(stop - start)
    status = 206 if part is not None else 200
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers)
    response = await _opened(request, found, path, entry, start, stop)
    response.status_code = status
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response


async def _opened(
    request: HttpRequest, found: Here, path: bytes, entry: Entry, start: int, stop: int
) -> Streamed:
    async with AsyncExitStack() as undo:
        end = found.begin()
        undo.callback(end)
        async with told(found.disk, path, "read"):
            file = await found.disk.sftp.open(path, "rb", block_size=0)
            undo.push_async_callback(let_go, file)
            kind = await _image(file, entry) if "inline" in request.GET else None
        undo.pop_all()
    release = _once(file, end)
    source = blocks(file, start, stop) if entry.size else until_end(file)
    response = Streamed(sent(found, source, release), release)
    response["Content-Type"] = kind or _ANY
    response["Content-Disposition"] = _disposition(entry, attached=kind is None)
    return response


async def _image(file: asyncssh.SFTPClientFile, entry: Entry) -> str | None:
    if entry.size > previews.MOST_IMAGE:
        return None
    head: bytes = await file.read(previews.HEAD, 0)
    return previews.image_type(head)


def _once(file: asyncssh.SFTPClientFile, end: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def release() -> None:
        end()
        await let_go(file)

    return release


def _headers(entry: Entry) -> dict[str, str]:
    changed = datetime.fromtimestamp(entry.changed or 0, UTC)
    return {
        "Content-Type": _ANY,
        "Content-Encoding": "identity",
        "Content-Disposition": _disposition(entry),
        "Accept-Ranges": "bytes",
        "ETag": f'"{entry.tag}"',
        "Last-Modified": format_datetime(changed, usegmt=True),
        **_HARMLESS,
    }


def _disposition(entry: Entry, *, attached: bool = True) -> str:
    return content_disposition_header(attached, paths.for_disk(entry.name)) or "inline"


def _wanted_range(request: HttpRequest, entry: Entry) -> str:
    """A range of another state of the file is no use: then all of it is sent."""
    condition = request.headers.get("If-Range", "")
    return request.headers.get("Range", "") if condition in {"", f'"{entry.tag}"'} else ""


async def _take(request: HttpRequest, id: UUID) -> HttpResponse:
    if number_of(request.headers.get("Content-Length") or "0") > PIECE:
        size = request.headers.get("Content-Length")
        raise PortalError("remote:piece-too-large", most=PIECE, size=size)
    found = await here(request, id)
    upload = _upload(found, request)
    offset = number_of(request.GET.get("offset", ""), most=upload.total)
    data = request.body
    if offset + len(data) > upload.total or (not data and upload.total):
        raise PortalError(
            "portal:bad-input", reason="The piece does not fit into the file that was announced."
        )
    end = found.begin()
    try:
        standing = await uploading.receive(found.disk, found.transfers.parts, upload, offset, data)
    finally:
        end()
    found.attended.count(in_=len(data))
    return JsonResponse({"have": standing.have, "done": standing.done})


def _upload(found: Here, request: HttpRequest) -> Upload:
    given = request.GET
    base = path_of(found.disk, given.get("folder", ""))
    upload = Upload(
        base=base,
        path=paths.below(base, paths.bytes_of(given.get("name", ""))),
        mark=given.get("upload", ""),
        total=number_of(given.get("total", "")),
        replaces=given.get("replaces", ""),
        attempt=given.get("attempt", "")[:64],
    )
    _ = upload.part  # an improper mark is told now
    return upload


@require_http_methods(["GET"])
@for_scripts
async def standing(request: HttpRequest, id: UUID) -> HttpResponse:
    """How much of an upload is there already, and what it would replace."""
    found = await here(request, id)
    known = await uploading.standing(found.disk, _upload(found, request))
    there = known.there
    return JsonResponse(
        {
            "have": known.have,
            "there": None
            if there is None
            else {"kind": there.kind, "size": there.size, "changed": there.changed, "tag": there.tag},
        },
        headers={"Cache-Control": "no-store"},
    )


@require_http_methods(["POST"])
@for_scripts
async def discard(request: HttpRequest, id: UUID) -> HttpResponse:
    """The person gave an upload up: what was written of it goes."""
    found = await here(request, id)
    await uploading.discard(found.disk, found.transfers.parts, _upload(found, request))
    return HttpResponse(status=204)


@require_http_methods(["POST"])
@for_scripts
async def folders(request: HttpRequest, id: UUID) -> HttpResponse:
    """Folders of an upload that may have no files in them."""
    found = await here(request, id)
    base = path_of(found.disk, request.GET.get("folder", ""))
    await make_folders(found.disk, base, paths.below(base, paths.bytes_of(request.GET.get("name", ""))))
    return HttpResponse(status=204)


@require_http_methods(["POST"])
@for_scripts
async def packed(request: HttpRequest, id: UUID) -> HttpResponseBase:
    """`names` of `folder` as one archive (`form`: zip or tar.gz). A form posts it: the names may be many."""
    given = await sync_to_async(lambda: request.POST)()
    found = await here(request, id)
    folder = path_of(found.disk, given.get("folder", ""))
    names = names_of(given.get("names", ""))
    first = await look(found.disk, paths.join(folder, names[0]))
    if "check" in given:
        return HttpResponse(status=204)
    into = archive.packer(given.get("form", ""))
    end = found.begin()

    async def release() -> None:
        end()

    source = archive.packed(found.disk, folder, names, into)
    label = paths.for_disk(first.name if len(names) == 1 else paths.last(folder) or b"files")
    response = Streamed(sent(found, source, release), release)
    response["Content-Type"] = into.media_type
    response["Content-Disposition"] = content_disposition_header(True, label + into.ending) or "attachment"
    for name, value in _HARMLESS.items():
        response[name] = value
    return response
