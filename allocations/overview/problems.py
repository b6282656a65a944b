from portal.core.errors import Problem, register

register(
    {
        "overview:no-resource": Problem(
            "No such resource here",
            "This allocation has no service units of that kind, or they are of a kind that is not spent by the hour.",
            "Nothing was changed.",
            "See in its overview which resources it has.",
            404,
        ),
        "overview:no-export": Problem(
            "No such export",
            "There is no export of yours at this address. Each is kept for a day, and only the person who asked for it "
            "can fetch it.",
            "Nothing was lost: an export is a copy.",
            "Ask for a new one.",
            404,
        ),
        "overview:export-too-large": Problem(
            "The export is too large",
            "What the portal keeps of you is more than one export holds.",
            "Nothing was lost: an export is a copy.",
            "Write to the portal's support: they can send it in parts.",
            413,
        ),
        "overview:export-failed": Problem(
            "The export was not made",
            "The portal tried several times and did not get to the end of it.",
            "Nothing was lost: an export is a copy.",
            "Ask again; if it fails again, write to the portal's support.",
            503,
        ),
    }
)
