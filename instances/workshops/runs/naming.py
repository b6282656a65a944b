"""Names of files and folders in archives that people unpack anywhere. Pure."""

import re
import unicodedata

_STRANGE = re.compile(r'[\\/:*?"<>|]')
# What Windows takes for devices, with and without an ending.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(1, 10))}
_LONGEST = 80


def folder_name(name: str) -> str:
    """Somebody's name as a folder's: shown as they write it, and unpacked below where it was meant for."""
    plain = unicodedata.normalize("NFC", name)
    kept = "".join(letter for letter in plain if unicodedata.category(letter)[0] != "C")
    found = _STRANGE.sub("_", kept).strip(" .")[:_LONGEST].strip(" .")
    return f"_{found}" if found.split(".")[0].lower() in _DEVICES else found or "learner"


def distinct(names: list[str]) -> list[str]:
    """Each once, also where letters' case and accents are not told apart: "Ada", "Ada (2)"."""
    taken: set[str] = set()
    found = []
    for name in names:
        choice, number = name, 1
        while (key := unicodedata.normalize("NFKC", choice).casefold()) in taken:
            number += 1
            choice = f"{name} ({number})"
        taken.add(key)
        found.append(choice)
    return found


def inside(folder: str, path: str) -> str | None:
    """A path out of a learner's archive, below their folder; None for what must not be unpacked there."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or not parts:
        return None
    return "/".join([folder, *(_safe(part) for part in parts)])


def _safe(part: str) -> str:
    found = "".join("_" if unicodedata.category(one)[0] == "C" else one for one in _STRANGE.sub("_", part))
    found = found.rstrip(" .") or "_"
    return f"_{found}" if found.split(".")[0].lower() in _DEVICES else found
