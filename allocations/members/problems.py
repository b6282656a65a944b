from portal.core.errors import Problem, register

_NOTHING = "Nothing was changed. Machines run on as before."
register(
    {
        "members:refused": Problem(
            "That cannot be changed by you",
            "{person}: {reason}",
            _NOTHING,
            "Ask somebody with a higher role in this allocation.",
            403,
        ),
        "members:unknown": Problem(
            "No such person",
            "There is nobody of that name in this allocation; they may have left meanwhile.",
            _NOTHING,
            "Look in the list of members.",
            404,
        ),
        "members:looks-only": Problem(
            "The cloud lets them look only",
            "{person} may only look at this project, as the cloud says: a role given here would promise more than that.",
            _NOTHING,
            "Have the cloud's operators, or the programme that runs the allocation, give them the right to use it first.",
            409,
        ),
        "members:nobody": Problem(
            "Nobody to add",
            "What you typed or uploaded names nobody who could be added: {reason}",
            _NOTHING,
            "Check the list. One username per line is enough.",
            422,
        ),
        "members:invitation-unknown": Problem(
            "This invitation is not valid",
            "There is no invitation behind this link. It may have been cut off when it was copied.",
            "You were not added to anything.",
            "Open the whole link again, or ask whoever gave it to you for another.",
            404,
        ),
        "members:invitation-expired": Problem(
            "This invitation has expired",
            "It was valid until {until}.",
            "You were not added to the allocation.",
            "Ask whoever gave it to you for another.",
            410,
        ),
        "members:invitation-revoked": Problem(
            "This invitation was withdrawn",
            "Somebody who manages the allocation has withdrawn it.",
            "You were not added to the allocation.",
            "Ask whoever gave it to you for another.",
            410,
        ),
        "members:invitation-full": Problem(
            "This invitation is used up",
            "As many people as it was made for have used it.",
            "You were not added to the allocation.",
            "Ask whoever gave it to you for another.",
            410,
        ),
        "members:invitation-not-yours": Problem(
            "This invitation is for others",
            "It is only for people of {domain}, and you are signed in as {who}.",
            "You were not added to the allocation.",
            "Sign in with the account that it was meant for, or ask whoever gave it to you.",
            403,
        ),
        "members:invitation-removed": Problem(
            "You were removed from this allocation",
            "Somebody who manages the allocation removed you from it, and an invitation does not bring you back.",
            "You were not added to the allocation.",
            "Ask the PI, who can add you by name.",
            403,
        ),
        "members:invitation-orphaned": Problem(
            "This invitation holds no more",
            "Whoever made it may not add people to the allocation any more.",
            "You were not added to the allocation.",
            "Ask the PI for another.",
            410,
        ),
    }
)
