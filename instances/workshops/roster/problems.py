"""What people are told about coming into a workshop."""

from portal.core.errors import Problem, register

_NOTHING = "You were not added to anything, and nothing was spent."
_KEPT = "Nothing was changed, and nothing was spent."
_ASK = "Ask whoever runs the workshop to put you on its roster, with your e-mail address or your id."

register(
    {
        "roster:unknown-code": Problem(
            "There is no workshop behind this code",
            "It may have been cut off when it was copied, or mistyped.",
            _NOTHING,
            "Type the code again as it stands on the slide, or open the whole link.",
            404,
        ),
        "roster:revoked": Problem(
            "This link was withdrawn",
            "Whoever runs the workshop has withdrawn it, or made another in its place.",
            _NOTHING,
            "Ask for the link that is good now.",
            410,
        ),
        "roster:over": Problem(
            "This workshop is over",
            "{title} has ended: nobody joins it any more.",
            _NOTHING,
            "Ask whoever ran it when it is held again.",
            410,
        ),
        "roster:not-yet": Problem(
            "This workshop is not open yet",
            "It is still being planned, and nobody can join it so far.",
            _NOTHING,
            "Open the link again when you are told that it begins.",
            409,
        ),
        "roster:removed": Problem(
            "You were removed from this workshop",
            "Whoever runs it removed you, and neither a link nor a code brings you back.",
            _NOTHING,
            "Ask them to let you in again.",
            403,
        ),
        "roster:not-on-it": Problem(
            "You are not on the roster of this workshop",
            "It is for people whom the instructor named, and you are signed in as {who}.",
            _NOTHING,
            "Sign in with the account that you were invited with, or open the link in the mail that you got. "
            + _ASK,
            403,
        ),
        "roster:other-domain": Problem(
            "This workshop is for others",
            "It is for people of {domains}, and you are signed in as {who}.",
            _NOTHING,
            "Sign in with the account that it is meant for. " + _ASK,
            403,
        ),
        "roster:unverified": Problem(
            "Your e-mail address is not verified",
            "This workshop is for people of {domains}. You are signed in as {who}, but your identity provider does not "
            "say that this address is yours.",
            _NOTHING,
            "Sign in through the organization itself. " + _ASK,
            403,
        ),
        "roster:no-guests": Problem(
            "This workshop takes no guests",
            "Codes for guests are switched off, here or for the whole portal.",
            _NOTHING,
            "Sign in, and join with the link of the class.",
            403,
        ),
        "roster:other-workshop": Problem(
            "This code is for another workshop",
            "You are here as a guest of one workshop, and a guest takes part in that one only.",
            "You keep your place in it.",
            "Sign out first, then use the other code.",
            403,
        ),
        "roster:rules-unread": Problem(
            "The rules have to be accepted first",
            "Nobody joins without saying yes to the rules of the house.",
            _NOTHING,
            "Read them, tick the box under them, and join.",
            422,
        ),
        "roster:full": Problem(
            "The list is full",
            "There are {most} people on the roster of {title} already, with those who wait.",
            _KEPT,
            "Ask whoever runs the workshop.",
            409,
        ),
        "roster:no-free-seat": Problem(
            "There is no free seat",
            "All seats of {title} are taken, or kept for people who were invited.",
            _KEPT,
            "Remove somebody, or make the workshop larger.",
            409,
        ),
        "roster:wrong-state": Problem(
            "That is not possible any more",
            "{name} is {state} now.",
            _KEPT,
            "Look at the roster as it is now.",
            409,
        ),
        "roster:nobody": Problem(
            "Nobody to add",
            "What you typed or uploaded names nobody who could be added: {reason}",
            _KEPT,
            "Check the list. A name and an e-mail address on each line are enough.",
            422,
        ),
        "roster:no-mail": Problem(
            "There is no address to write to",
            "{name} has no e-mail address on the roster, or the portal sends no mail.",
            _KEPT,
            "Give them the link of the class.",
            409,
        ),
    }
)
