"""What people are told when a seat cannot be set up or be reached."""

from portal.core.errors import Problem, register

_NOTHING = "Nothing was changed, and nothing was spent."

register(
    {
        "workshops:bad-seat": Problem(
            "What a seat of {title} is cannot be told to a machine",
            "{reason}",
            _NOTHING,
            "Change it on the workshop's page, and try again.",
            400,
        ),
    }
)
