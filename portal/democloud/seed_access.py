"""ACCESS as the demo begins: its people, who of them is in which project, and a public list of some more projects."""

from __future__ import annotations

from datetime import date, timedelta

from portal.democloud.model_access import AccessData, AccessPerson, AccessProject, AccessSeat
from portal.democloud.seed_accounting import ABSTRACTS, AWARDS
from portal.democloud.seed_identity import PROJECTS

_PRAIRIE, _COAST = "Prairie State University", "Coastal Research Institute"
# username, given and family name, organization, status, why not eligible
_PEOPLE = (
    ("alice", "Alice", "Moreau", _PRAIRIE, "active", ""),
    ("bob", "Bob", "Okafor", _PRAIRIE, "active", ""),
    ("carol", "Carol", "Ångström", _COAST, "active", ""),
    ("dave", "Dave", "Brandt", _COAST, "active", ""),
    ("newbie", "Nia", "Novak", _PRAIRIE, "active", ""),
    ("hiro", "Hiro", "Tanaka", _PRAIRIE, "active", ""),
    ("priya", "Priya", "Raman", _PRAIRIE, "active", ""),
    ("tmoreau", "Théo", "Moreau", _COAST, "active", ""),
    ("wnguyen", "Wren", "Nguyen", _COAST, "active", ""),
    ("jnovak", "Jan", "Novak", _COAST, "active", ""),
    ("lfisher", "Lena", "Fisher", _PRAIRIE, "suspended", ""),
    (
        "gsmith",
        "Gil",
        "Smith",
        "Community College of the Plains",
        "active",
        "No institution has confirmed this account",
    ),
)
# grant -> (field of science, PI's institution, type, {username: (role, state)})
_SEATS: dict[str, tuple[str, str, str, dict[str, tuple[str, str]]]] = {
    "BIO220047": (
        "Genomics",
        _PRAIRIE,
        "Discover",
        {
            "alice": ("pi", "active"),
            "hiro": ("co_pi", "active"),
            "bob": ("user", "active"),
            "priya": ("user", "pending-active"),
        },
    ),
    "TRA220028": (
        "Training",
        _COAST,
        "Explore",
        {"carol": ("pi", "active"), "wnguyen": ("allocation_manager", "active"), "dave": ("user", "active")},
    ),
    "CIS220046": (
        "Artificial Intelligence and Intelligent Systems",
        _PRAIRIE,
        "Accelerate",
        {"alice": ("pi", "active"), "dave": ("user", "active"), "tmoreau": ("user", "inactive")},
    ),
    "PHY220011": (
        "Elementary Particle Physics",
        _PRAIRIE,
        "Explore",
        {"bob": ("pi", "active")},
    ),
}
_CREDITS = {"Explore": 400_000, "Discover": 1_500_000, "Accelerate": 3_000_000}
_OTHERS = 45


def data(today: date) -> AccessData:
    found = AccessData()
    for username, first, last, organization, status, why_not in _PEOPLE:
        address = f"{username}@example.edu"
        found.people[username] = AccessPerson(username, first, last, address, organization, status, why_not)
    for grant, (field, institution, kind, seats) in _SEATS.items():
        found.projects[grant] = _project(found, grant, field, institution, kind, today)
        found.seats += [AccessSeat(name, grant, role, state) for name, (role, state) in seats.items()]
    return found


def _project(
    found: AccessData, grant: str, field: str, institution: str, kind: str, today: date
) -> AccessProject:
    _, since, left = AWARDS[grant]
    pi = next(found.people[name] for name, (role, _) in _SEATS[grant][3].items() if role == "pi")
    return AccessProject(
        grant=grant,
        title=PROJECTS[grant],
        abstract=ABSTRACTS[grant],
        field_of_science=field,
        pi=f"{pi.first_name} {pi.last_name}",
        institution=institution,
        kind=kind,
        begins=today - timedelta(days=since),
        ends=today + timedelta(days=left),
        credits=_CREDITS[kind],
    )


def others(today: date) -> list[AccessProject]:
    """Projects of people elsewhere, on the public list only, so that it has pages."""
    kinds = sorted(_CREDITS)
    return [
        AccessProject(
            grant=f"OTH{220100 + number}",
            title=f"Another project of the programme, number {number}",
            abstract="Somebody else's research.",
            field_of_science="Earth Sciences",
            pi=f"Researcher {number}",
            institution=_COAST,
            kind=kinds[number % len(kinds)],
            begins=today - timedelta(days=100 + number),
            ends=today + timedelta(days=200 + number),
            credits=_CREDITS[kinds[number % len(kinds)]],
        )
        for number in range(1, _OTHERS + 1)
    ]
