from portal.core.errors import Problem, register

_RUNS = "All machines run on as they are."

register(
    {
        "advice:address-used": Problem(
            "{name} is in use again",
            "A machine has got this public address meanwhile, so it was not released.",
            _RUNS,
            "Nothing has to be done.",
            409,
        ),
        "advice:volume-used": Problem(
            "{name} is in use again",
            "The volume is attached to a machine, or the cloud is busy with it: “{status}”. It was not deleted.",
            _RUNS,
            "Detach it first if it is to go.",
            409,
        ),
        "advice:volume-kept": Problem(
            "The cloud could not delete {name}",
            "The cloud left the volume in the state “{status}”.",
            "What is on it may be damaged; it still counts in the quota. No machine is concerned.",
            "Try again, and tell the operators of the cloud if it stays.",
            502,
        ),
        "advice:unknown": Problem(
            "That is not advised any more",
            "What it was about has changed since the page was made.",
            _RUNS,
            "Look at the page again.",
            404,
        ),
    }
)
