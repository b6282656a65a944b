"""Making texts fit where they are shown: one line or a few, printable, of a length that inboxes and headers take."""

LONGEST_TITLE = 200
LONGEST_TEXT = 4000


def one_line(text: str, limit: int = LONGEST_TITLE) -> str:
    """Printable and on one line: names of machines and allocations come from anywhere."""
    flat = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def lines(text: str, limit: int = LONGEST_TEXT) -> str:
    """Printable, line by line."""
    kept = "\n".join(
        "".join(letter if letter.isprintable() else " " for letter in line).rstrip()
        for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ).strip()
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def own_path(url: str) -> str:
    """A path of the portal; empty where there is none. ValueError for an address of anybody else."""
    if url and (not url.startswith("/") or url.startswith(("//", "/\\")) or not url.isprintable()):
        raise ValueError(f"a notice leads to a page of the portal, not to {url!r}")
    return url[:500]
