"""What people at the board are told."""

from portal.core.errors import Problem, register

_NOTHING = "Nothing was changed, and nothing was spent."

register(
    {
        "workshops:nobody-chosen": Problem(
            "No seat was chosen",
            "There is no seat among those that you chose, or they are gone.",
            _NOTHING,
            "Tick the seats, or choose them by a word such as “all that are broken”.",
            422,
        ),
        "workshops:act-not-now": Problem(
            "Not at this seat now",
            "{label} is not possible at {seat}. {reason}",
            _NOTHING,
            "Look at the seat again in a moment.",
            409,
        ),
        "workshops:act-unknown": Problem(
            "There is no such action",
            "The board cannot do “{act}” at seats.",
            _NOTHING,
            "Use one of the board's buttons.",
            404,
        ),
        "workshops:learner-on-it": Problem(
            "The learner is at this machine",
            "A shell of your own would work behind the learner's back.",
            "You were not let in, and the learner was not disturbed.",
            "Look on at their session: they see that you are there, and you may type when they know.",
            409,
        ),
        "workshops:nothing-to-see": Problem(
            "Nobody has a screen open here",
            "The learner's shell or desktop has ended, or was not opened yet.",
            _NOTHING,
            "Look at the seat again: it shows what is open.",
            409,
        ),
    }
)
