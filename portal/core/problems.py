from portal.core.errors import Problem, register

register(
    {
        "portal:not-found": Problem(
            "Not found",
            "There is no such thing here, or you have no right to see it.",
            "Nothing was changed.",
            "Check the address, or ask the PI of the allocation to add you.",
            404,
        ),
        "portal:forbidden": Problem(
            "Not allowed",
            "Your role on this allocation does not allow that ({need}).",
            "Nothing was changed and no SUs were spent.",
            "Ask the PI or an allocation manager to do it, or to change your role.",
            403,
        ),
        "portal:sign-in": Problem(
            "Please sign in",
            "You are not signed in, or your session has ended.",
            "Nothing was changed.",
            "Sign in and try again.",
            401,
        ),
        "portal:bad-input": Problem(
            "Please check what you entered",
            "{reason}",
            "Nothing was changed and no SUs were spent.",
            "Correct it and send it again.",
            422,
        ),
        "portal:bad-request": Problem(
            "The portal cannot read this request",
            "What your browser or program sent is not a request that the portal understands.",
            "Nothing was changed and no SUs were spent.",
            "Go back, load the page again and retry.",
            400,
        ),
        "portal:csrf": Problem(
            "This form is too old",
            "The form was sent from a page of an earlier session, or without the browser's cookies.",
            "Nothing was changed and no SUs were spent.",
            "Load the page again and send the form once more; allow cookies for this site.",
            403,
        ),
        "portal:broken": Problem(
            "Something went wrong in the portal",
            "An error that nobody expected ended your request. It has been written down with the request id below.",
            "Your machines run on. Whether what you asked for was accepted, the page of the machine says.",
            "Load the page again and look before you repeat it; if it stays, send support the request id.",
            500,
        ),
        "portal:too-many": Problem(
            "Too many requests",
            "You sent more requests than the portal takes from one person in this time.",
            "What was accepted before goes on; this request was not.",
            "Wait {seconds} s and try again.",
            429,
        ),
        "portal:duplicate": Problem(
            "Sent with different content before",
            "The Idempotency-Key {key} was already used for another request.",
            "The earlier request stands; this one was not carried out.",
            "Use a new key for a new request.",
            409,
        ),
        "portal:seal": Problem(
            "A stored secret cannot be opened",
            "The portal's keys were changed in a way that no longer opens this credential.",
            "Your machines run on; the portal cannot act on them for you until you connect again.",
            "Connect to the cloud again from your profile; operators: put the old key back at the end of SEAL_KEYS.",
            500,
        ),
        "portal:unavailable": Problem(
            "The portal is not fully up",
            "{part} does not answer at the moment.",
            "Your machines run on; nothing was lost.",
            "Try again in a minute.",
            503,
        ),
    }
)
