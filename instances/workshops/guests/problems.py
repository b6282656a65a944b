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
        "workshops:bad-data": Problem(
            "This data cannot be given to seats",
            "{reason}",
            _NOTHING,
            "Choose something else, or correct it.",
            400,
        ),
        "workshops:no-isolation": Problem(
            "This cloud cannot keep the seats of {title} apart",
            "It takes no firewall rules from the portal, so that learners could reach each other's machines.",
            _NOTHING,
            "Hold the workshop on another cloud or in another region, or ask the operators for security groups.",
            409,
        ),
        "workshops:jump-down": Problem(
            "The jump host {name} passes nothing on",
            "{why} The seats are reached through it alone.",
            "The seats run on, and what is done on them goes on.",
            "Open the page of the project's jump host: set it up again, or have another one made.",
            409,
        ),
        "workshops:no-machine": Problem(
            "Seat {number} has no machine",
            "It is being built, or was removed.",
            _NOTHING,
            "Try again once it is ready.",
            409,
        ),
        "workshops:seat-busy": Problem(
            "Something goes on at {name} already",
            "Its machine is being changed at this moment.",
            _NOTHING,
            "Try again once that has ended.",
            409,
        ),
        "workshops:seat-changed": Problem(
            "{name} is at another seat now",
            "The machine was swapped while its home was to be kept.",
            "It was not reset, and nothing on it was changed.",
            "Ask for the reset again, at the seat where it is now.",
            409,
        ),
    }
)
