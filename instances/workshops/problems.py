"""What people are told about workshops as such; each part has a catalogue of its own beside it."""

from portal.core.errors import Problem, register

_NOTHING = "Nothing was changed, and nothing was spent."

register(
    {
        "workshops:unknown": Problem(
            "There is no such workshop for you",
            "Either the address is wrong, or you take no part in this workshop, or not any more.",
            _NOTHING,
            "Open the link that you were sent, or ask the instructor to add you.",
            404,
        ),
        "workshops:no-seat": Problem(
            "You have no seat yet",
            "All seats of {title} are taken, or nobody has said yes to you so far.",
            "You keep your place in line.",
            "Leave this page open: the next free seat is given to you by itself.",
            409,
        ),
        "workshops:not-open": Problem(
            "The seats are closed now",
            "{title} is not open at this time: its machines are put away between the meetings and after the last.",
            "What you did on your machine is kept until the workshop is removed.",
            "Come back at the next meeting; the times are on this page.",
            409,
        ),
    }
)
