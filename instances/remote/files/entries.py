"""What is in a folder: entries, their order, and one page of ten thousand without keeping them all. Pure."""

import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from instances.remote.files import paths

Kind = Literal["folder", "file", "link", "other"]
PAGE = 200
_DIGITS = re.compile(rb"(\d+)")
_OWNER = re.compile(rb"[-\w.$@+]{1,64}")
Key = tuple[Any, ...]
# The year 9999, which is as far as calendars go.
_LAST_MOMENT = 253_402_300_799
_ICONS = (
    (frozenset({b"png", b"jpg", b"jpeg", b"gif", b"webp", b"svg", b"tif", b"tiff", b"bmp"}), "photo"),
    (frozenset({b"zip", b"gz", b"tgz", b"bz2", b"xz", b"zst", b"tar", b"7z", b"rar"}), "file-zip"),
    (
        frozenset({b"txt", b"md", b"log", b"csv", b"tsv", b"json", b"yaml", b"yml", b"py", b"sh", b"r"}),
        "file-text",
    ),
)


@dataclass(frozen=True, slots=True)
class Entry:
    name: bytes
    kind: Kind
    size: int = 0
    changed: int | None = None
    mode: int = 0
    owner: str = ""
    group: str = ""
    # Of a link: where it leads, as it says itself, and what is there (None: nothing that can be reached).
    target: bytes = b""
    leads_to: Kind | None = None

    @property
    def hidden(self) -> bool:
        return self.name.startswith(b".")

    @property
    def shown(self) -> str:
        return paths.shown(self.name)

    @property
    def target_shown(self) -> str:
        return paths.shown(self.target)

    @property
    def text(self) -> str:
        return paths.text_of(self.name)

    @property
    def tag(self) -> str:
        """Says which state of the file somebody has seen."""
        return f"{self.size:x}-{self.changed or 0:x}"

    @property
    def is_folder(self) -> bool:
        return self.kind == "folder" or self.leads_to == "folder"

    @property
    def is_file(self) -> bool:
        return self.kind == "file" or self.leads_to == "file"

    @property
    def changed_at(self) -> datetime | None:
        return None if self.changed is None else datetime.fromtimestamp(min(self.changed, _LAST_MOMENT), UTC)

    @property
    def icon(self) -> str:
        if self.kind == "link":
            return "folder-symlink" if self.leads_to == "folder" else "file-symlink"
        if self.kind != "file":
            return "folder" if self.kind == "folder" else "settings"
        ending = self.name.rpartition(b".")[2].lower()
        return next((icon for endings, icon in _ICONS if ending in endings), "file")

    @property
    def rights(self) -> str:
        letter = {"folder": "d", "file": "-", "link": "l"}.get(self.kind, "?")
        return letter + stat.filemode(self.mode & 0o7777)[1:]

    @property
    def octal(self) -> str:
        return f"{self.mode & 0o7777:03o}"


def kind_of(mode: int | None) -> Kind:
    if mode is None:
        return "other"
    kinds: dict[int, Kind] = {stat.S_IFDIR: "folder", stat.S_IFREG: "file", stat.S_IFLNK: "link"}
    return kinds.get(stat.S_IFMT(mode), "other")


def owner_of(longname: bytes) -> tuple[str, str]:
    """User and group out of the line that servers print as `ls -l` does; empty where it is no such line."""
    words = longname[:200].split()
    if len(words) < 5 or not all(_OWNER.fullmatch(word) for word in words[2:4]):
        return "", ""
    return words[2].decode(), words[3].decode()


def _natural(name: bytes) -> Key:
    """file9 before file10, whatever the case; the name itself decides between equals."""
    parts = _DIGITS.split(name.lower()[:256])
    numbers = [(int(part), b"") if place % 2 else (0, part) for place, part in enumerate(parts)]
    return (*numbers,)


# Folders come first whatever the order; two entries never have the same key.
_ORDERS: dict[str, Callable[[Entry], Key]] = {
    "name": lambda one: (),
    "size": lambda one: (one.size,),
    "changed": lambda one: (one.changed or 0,),
}
ORDERS = tuple(_ORDERS)


@dataclass(frozen=True, slots=True)
class Order:
    """`name`, `size` or `changed`, with a minus for the other way round."""

    by: str = "name"
    down: bool = False

    @classmethod
    def of(cls, text: str) -> "Order":
        by = text.removeprefix("-")
        return cls(by, text.startswith("-")) if by in _ORDERS else cls()

    def __str__(self) -> str:
        return f"-{self.by}" if self.down else self.by

    def key(self, entry: Entry) -> Key:
        return (*_ORDERS[self.by](entry), _natural(entry.name), entry.name)


@dataclass(slots=True)
class Page:
    """Fed with all entries of a folder, keeps those that this page shows. Its memory does not grow with the folder."""

    order: Order = field(default_factory=Order)
    hidden: bool = False
    words: str = ""
    after: Entry | None = None
    most: int = PAGE
    total: int = 0
    hidden_left_out: int = 0
    matched: int = 0
    _kept: list[Entry] = field(default_factory=list)

    def feed(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.total += 1
            if entry.hidden and not self.hidden:
                self.hidden_left_out += 1
            elif self.words.casefold() in entry.shown.casefold():
                self.matched += 1
                if self.after is None or self._before(self.after, entry):
                    self._kept.append(entry)
        if len(self._kept) > 8 * self.most:
            self._trim()

    def entries(self) -> list[Entry]:
        self._trim()
        return self._kept[: self.most]

    @property
    def more(self) -> bool:
        """Meaningful once all was fed."""
        return len(self._kept) > self.most

    def _trim(self) -> None:
        folders = [one for one in self._kept if one.kind == "folder"]
        others = [one for one in self._kept if one.kind != "folder"]
        for group in (folders, others):
            group.sort(key=self.order.key, reverse=self.order.down)
        self._kept = [*folders, *others][: self.most + 1]

    def _before(self, one: Entry, other: Entry) -> bool:
        if (one.kind == "folder") != (other.kind == "folder"):
            return one.kind == "folder"
        first, second = self.order.key(one), self.order.key(other)
        return first > second if self.order.down else first < second


def place_of(entry: Entry) -> str:
    """The entry as the place where the next page begins."""
    return f"{'d' if entry.kind == 'folder' else 'f'}.{entry.size:x}.{entry.changed or 0:x}.{entry.text}"


def at_place(text: str) -> Entry | None:
    kind, size, changed, name = [*text.split(".", 3), "", "", "", ""][:4]
    try:
        return Entry(
            paths.bytes_of(name), "folder" if kind == "d" else "file", int(size, 16), int(changed, 16)
        )
    except ValueError:
        return None
