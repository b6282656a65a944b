"""Why a session ended: ids that are stored, words that people read, codes that a page's WebSocket is closed with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class End:
    """`by`: who ended it, where somebody did."""

    reason: str
    by: int | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    words: str
    # 1000: it is over. 4401 and 4403: the page must not come back by itself. Others: it may ask again.
    code: int = 1000
    again: bool = False


ENDINGS: dict[str, Ending] = {
    "exited": Ending("The shell was left."),
    "closed": Ending("You closed it."),
    "ended": Ending("It was ended from the portal."),
    "signed-out": Ending("You signed out of the portal.", 4401),
    "no-access": Ending("You may not connect to this machine any more.", 4403),
    "seat-over": Ending(
        "This seat is not yours at this time: its workshop is not open, or you were given another machine.",
        4403,
    ),
    "idle": Ending("Nobody had typed or clicked for too long."),
    "too-long": Ending("It had lasted as long as the portal lets one last."),
    "machine-gone": Ending("The machine was stopped, shelved or deleted."),
    "link-lost": Ending("The connection to the machine was lost.", 4408, again=True),
    "made-room": Ending("Nobody was on it, and it made room for a new one."),
    "grace-over": Ending("Nobody came back to it in time."),
    "shutdown": Ending("The portal's server was restarted.", 4408, again=True),
    "failed": Ending("The machine could not be reached."),
    "share-ended": Ending("The owner ended the sharing.", 4403),
    "mode-changed": Ending("The owner changed what you may do here.", 4408, again=True),
    "moved": Ending("You opened it in another place.", 4403),
    "flood": Ending("It sent more than it may.", 4429),
    "never-came": Ending("The page that asked for it never came back."),
    "lost": Ending("The process that held it ended without a word.", 4408, again=True),
    "desktop-ended": Ending("The desktop was left or started again.", 4408, again=True),
    "not-vnc": Ending("The page sent what no viewer of a desktop sends.", 4403),
    "other-node": Ending("It is held by another process.", 4409, again=True),
}


def words_of(reason: str) -> str:
    found = ENDINGS.get(reason)
    return found.words if found else "It ended."
