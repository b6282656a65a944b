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
        "notices:bad-link": Problem(
            "This link cannot be used",
            "The link is not one that the portal made, or what it was about is gone.",
            "Nothing was changed; what you hear of is as you chose it.",
            "Sign in and choose under Profile, Notices.",
            404,
        ),
        "notices:unknown-webhook": Problem(
            "No such webhook",
            "There is no such webhook, or it is not yours.",
            "Nothing was changed and nothing was sent.",
            "Look at the list of your webhooks.",
            404,
        ),
        "notices:bad-webhook": Problem(
            "The portal cannot send to that address",
            "{reason}",
            "Nothing was saved and nothing was sent.",
            "Give an https address that can be reached from the internet.",
            422,
        ),
        "notices:too-many-webhooks": Problem(
            "As many webhooks as there may be",
            "There are {most} already.",
            "Nothing was saved. The others go on.",
            "Remove one that is no longer needed.",
            409,
        ),
        "notices:not-your-scope": Problem(
            "Not yours to connect",
            "Only those who manage it may have a webhook told of everything that happens there.",
            "Nothing was saved and nothing was sent.",
            "Ask a PI or manager, or make a webhook of your own: it hears what you hear.",
            403,
        ),
        "notices:bad-announcement": Problem(
            "Please check the announcement",
            "{reason}",
            "Nothing was published or changed.",
            "Correct it and send it again.",
            422,
        ),
    }
)
