"""An upload of somebody's, checked and sealed before any row tells of it."""

from dataclasses import dataclass
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile

from instances.workshops.runs import packing, vault
from instances.workshops.runs.models import Stored
from instances.workshops.runs.wanted import Refused, folder_of, name_of, shown
from portal.core.errors import PortalError

_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Taken:
    stored: Stored
    name: str
    folder: str
    unpack: bool
    files: int
    size_bytes: int

    def fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def take(upload: UploadedFile, *, folder: str, unpack: bool, most: int) -> Taken:
    """PortalError `workshops:bad-push`, `-push-large`, `-portal-disk-full`; then nothing was kept."""
    name = shown(upload.name or "")
    file: IO[bytes] = upload.file  # type: ignore[assignment]
    size = packing.upload_size(file)
    if size > most:
        raise PortalError("workshops:push-large", name=name, size=_mb(size), most=_mb(most))
    try:
        place, own = folder_of(folder), name_of(upload.name or "")
        if unpack:
            files, size = packing.look(file, most)
            stored = vault.keep(packing.unzipped(file))
        else:
            files, stored = 1, vault.keep(packing.one_file(own, file, size))
    except Refused as refused:
        raise PortalError("workshops:bad-push", name=name, why=str(refused)) from None
    except OSError as error:
        raise PortalError("workshops:portal-disk-full", outcome="retry", detail=str(error)) from error
    return Taken(stored, own, place, unpack, files, size)


def _mb(size: int) -> str:
    return f"{size / _MB:.1f}"
