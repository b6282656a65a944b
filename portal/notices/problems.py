from portal.core.errors import Problem, register

_MEANS = "Nothing was changed. Machines run on and no SUs were spent."

register(
    {
        "notices:bad-address": Problem(
            "That is no e-mail address",
            "“{address}” is not written as an e-mail address is.",
            _MEANS,
            "Check it and send it again.",
            422,
        ),
    }
)
