from portal.accounts.problems_tools import PROBLEMS as OF_TOOLS
from portal.core.errors import Problem, register

_NOTHING = "Nobody was signed in and nothing was changed."

register(
    {
        "accounts:wrong-idp": Problem(
            "Signed in with another identity provider",
            "You came through {idp}, which is not among the identity providers that this portal accepts.",
            _NOTHING,
            "Sign in again and choose an accepted identity provider. If {provider} goes to the same one by "
            "itself, sign out there first. {help}",
            403,
        ),
        "accounts:visitor": Problem(
            "You are here for a workshop",
            "Your sign-in lets you take part in workshops; what else the portal has is for people with an {id_title}.",
            "Nothing was done, and your seat is as it was.",
            "Go back to your workshops. To use the portal for more, sign in with an {id_title}.",
            403,
        ),
        "accounts:look-refused": Problem(
            "Nobody looks as an operator",
            "The portal shows nobody the pages of an operator, or your own as somebody else's.",
            "Nothing was changed, and nothing was shown.",
            "Ask them to show you.",
            403,
        ),
        "accounts:look-inactive": Problem(
            "That account is switched off",
            "Nobody can sign in to it, so it sees nothing that you could look at.",
            "Nothing was changed, and nothing was shown.",
            "Look at its allocations as yourself, or switch the account on in the admin pages.",
            409,
        ),
        "accounts:looking-only": Problem(
            "You are only looking",
            "You look at the portal as {person} sees it. What changes something, opens a machine or shows a secret is "
            "not yours to do.",
            "Nothing was done. Machines run on and no SUs were spent.",
            "Leave this view by the button at the top of the page, or ask {person} to do it.",
            403,
        ),
        "accounts:no-access-id": Problem(
            "No {id_title}",
            "{idp} gave no {id_title} for you, and the portal knows your allocations by it.",
            _NOTHING,
            "Get one, or link this login to the one you have; then sign in again. {help}",
            403,
        ),
        "accounts:bad-answer": Problem(
            "The sign-in could not be trusted",
            "What {provider} sent about you was incomplete or contradicted itself.",
            _NOTHING,
            "Sign in again; if it stays, tell support the time at which it happened.",
            502,
        ),
        "accounts:cancelled": Problem(
            "Sign-in cancelled",
            "The sign-in was cancelled at the identity provider.",
            _NOTHING,
            "Sign in again whenever you like.",
            200,
        ),
        "accounts:sign-in-expired": Problem(
            "That sign-in is over",
            "The sign-in took too long, was begun in another browser, or its page was opened a second time.",
            _NOTHING,
            "Begin again from the sign-in button.",
            400,
        ),
        "accounts:provider-refused": Problem(
            "The identity provider refused",
            "{provider} ended the sign-in with an error.",
            _NOTHING,
            "Try again in a minute; if it stays, tell support the time at which it happened.",
            502,
        ),
        "accounts:provider-down": Problem(
            "The identity provider does not answer",
            "{provider} could not be reached, or gave no sensible answer.",
            "Nobody was signed in. Your machines run on.",
            "Try again in some minutes. Sessions that are open stay open.",
            503,
        ),
        "accounts:disabled": Problem(
            "This account is disabled",
            "The operators of the portal have disabled your account here.",
            "Your machines run on; you can still reach them by other means.",
            "Write to support.",
            403,
        ),
        "accounts:method-not-offered": Problem(
            "Not a way in to {cloud}",
            "The operators of this portal do not offer that way of connecting to {cloud}.",
            "Nothing was stored and nothing was changed.",
            "Choose one of the ways that the page offers.",
            403,
        ),
        "accounts:login-too-old": Problem(
            "The connection took too long",
            "{cloud} did not answer for so long that your login was erased before it could be used.",
            "Nothing new was connected. What was connected before goes on, and machines run on.",
            "Connect again from your profile, or sign out and in.",
            503,
        ),
        "accounts:partly-connected": Problem(
            "Connected to {cloud}, but not everywhere",
            "{cloud} lets you into {projects}, and did not let the portal make a credential there.",
            "You see these allocations; the portal cannot act for you in them.",
            "Try to connect again; if it stays, ask the operators of {cloud} about application credentials.",
            403,
        ),
        "accounts:only-by-group": Problem(
            "{cloud} lets you in through a group only",
            "You reach {projects} because your identity provider puts you into a group. {cloud} makes no "
            "application credential for such a role, and the portal acts with these alone.",
            "You see these allocations and what others run there; the portal cannot act for you in them.",
            "Ask the PI, or the operators of {cloud}, for a role of your own in the project. Operators can also set "
            "authorization_ttl for the identity provider in Keystone: then connect again, and once more whenever "
            "that time is over.",
            403,
        ),
        "accounts:other-person": Problem(
            "Not connected as {named}",
            "{cloud} said that you are {named}. You said no, or did not answer in time.",
            "Nothing was connected, and that sign-in was forgotten. What was connected before goes on.",
            "Sign out at {cloud} and at its identity provider (or use a private window), then connect again.",
            409,
        ),
        "accounts:question-over": Problem(
            "That question is over",
            "The sign-in at {cloud} that it was about is no longer kept: it was answered already, or its time ended.",
            "Nothing was changed.",
            "Look at your connected clouds, and connect again if you need to.",
            409,
        ),
        "accounts:websso-unexpected": Problem(
            "Nobody here asked for that sign-in",
            "A sign-in at a cloud arrived in your browser. You did not begin one in this session of the portal, or "
            "it was over: it lasts {minutes} minutes and is good once.",
            "It was thrown away. Nothing was connected and nothing was changed.",
            "Begin at your connected clouds, in this same browser. If you did not begin it at all, somebody may have "
            "tried to connect you to their account: tell support.",
            403,
        ),
        "accounts:websso-origin": Problem(
            "That sign-in came from somewhere else",
            "A sign-in at a cloud arrived from {origin}, which is no page of a cloud that this portal knows.",
            "It was thrown away. Nothing was connected and nothing was changed.",
            "Begin at your connected clouds. If that is what you did, tell support the address above: operators list "
            "it under websso_form_origins in portal.yaml.",
            403,
        ),
        "accounts:websso-no-token": Problem(
            "The cloud sent no sign-in",
            "The page at {origin} came back to the portal without a token that could be one.",
            "Nothing was connected and nothing was changed.",
            "Begin again at your connected clouds; if it stays, tell support.",
            502,
        ),
        "accounts:websso-signed-out": Problem(
            "You are not signed in here any more",
            "You came back from the cloud, and your session at the portal had ended meanwhile.",
            "The sign-in at the cloud was thrown away; nothing was connected.",
            "Sign in to the portal and connect again. The cloud will hardly ask you anything a second time.",
            403,
        ),
        "accounts:websso-other-address": Problem(
            "Begin at {address}",
            "You opened the portal under another address than the one to which the cloud sends people back.",
            "Nothing was begun.",
            "Open {address}, sign in there, and connect.",
            409,
        ),
        "accounts:busy": Problem(
            "Being connected already",
            "Another connection to {cloud} is being made for you at this moment.",
            "Nothing is lost; the portal tries again by itself.",
            "Wait a moment.",
            409,
        ),
        "accounts:no-credential": Problem(
            "Not connected to {cloud}",
            "The portal holds no credential with which to act for you in this project at {cloud}.",
            "Your machines run on. What you asked for waits, or was not done.",
            "Connect to {cloud} in your profile; what waits then goes on by itself.",
            403,
        ),
        "accounts:credential-refused": Problem(
            "Your connection has ended",
            "The credential with which the portal acts for you in {project} has expired, or was revoked.",
            "Your machines run on. What you asked for waits, or was not done.",
            "Connect again in your profile; what waits then goes on by itself.",
            403,
        ),
    }
)
register(OF_TOOLS)
