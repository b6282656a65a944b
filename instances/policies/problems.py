"""What a person is told about policies: what happened, what it means for machines and SUs, what to do."""

from portal.core.errors import Problem, register

_AS_BEFORE = "Nothing was changed: the machine goes on under the rules that it had."

register(
    {
        "policies:looser": Problem(
            "The allocation asks for more",
            "Those who manage this allocation have decided that its machines may not have less than its rules: {reason}.",
            _AS_BEFORE,
            "Choose rules that are at least as strict, or ask a PI or manager: they may make an exception.",
            409,
        ),
        "policies:delete-not-owner": Problem(
            "Only its owner can choose that it be deleted",
            "A machine is deleted at the end of a lease only where its owner has said so.",
            _AS_BEFORE,
            "Let the lease end with shelving: it costs nothing then, and its data stays.",
            403,
        ),
        "policies:lease-past": Problem(
            "This lease would be over already",
            "{until} is not at least a quarter of an hour from now.",
            _AS_BEFORE,
            "Choose a later moment, or shelve or delete the machine now.",
            422,
        ),
        "policies:lease-too-long": Problem(
            "The lease would be too long",
            "The allocation lets machines run until {longest} at the latest.",
            _AS_BEFORE,
            "Choose an earlier end, or ask a PI or manager for more.",
            409,
        ),
        "policies:no-lease": Problem(
            "This machine has no lease",
            "There is no end that could be moved.",
            _AS_BEFORE,
            "Give it a lease first, if you want it to end.",
            409,
        ),
        "policies:not-for-size": Problem(
            "This size does not allow it",
            "The operators of this cloud do not allow “{action}” for {size}.",
            _AS_BEFORE,
            "Choose another way to put it away, such as shelving.",
            422,
        ),
        "policies:too-far": Problem(
            "That is too far ahead",
            "A machine can be kept running past its rules until {latest} at the latest.",
            _AS_BEFORE,
            "Choose an earlier time, or change the rules themselves.",
            422,
        ),
        "policies:bad-rules": Problem(
            "Please check the rules",
            "{reason}",
            _AS_BEFORE,
            "Correct it and send it again.",
            422,
        ),
    }
)
