from portal.core.errors import Problem, register

register(
    {
        "allocations:unknown": Problem(
            "No allocation of yours",
            "There is no allocation of yours at this address. It may never have been there, your membership may have "
            "ended, or you are signed in as somebody else than whoever gave you the link.",
            "Nothing was changed. Machines of an allocation that you have left run on.",
            "Look in the menu of allocations above, connect the cloud in your profile if it is missing there, or ask "
            "the PI to add you.",
            404,
        ),
        "allocations:nobody-connected": Problem(
            "Nobody is connected",
            "No member of this allocation is connected to the cloud, so the portal cannot read it.",
            "Machines run on. What the page shows is as old as it says.",
            "Connect in your profile; the numbers follow within a minute.",
            503,
        ),
        "allocations:operators-only": Problem(
            "For the operators of this portal",
            "This page is about the allocations of everybody; only the portal's operators see it.",
            "Nothing was changed.",
            "Your own allocations are on the start page. If you operate this portal, sign in with the group that says so.",
            403,
        ),
    }
)
