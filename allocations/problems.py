from portal.core.errors import Problem, register

register(
    {
        "allocations:nobody-connected": Problem(
            "Nobody is connected",
            "No member of this allocation is connected to the cloud, so the portal cannot read it.",
            "Machines run on. What the page shows is as old as it says.",
            "Connect in your profile; the numbers follow within a minute.",
            503,
        ),
    }
)
