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
            "Your machines run on. The portal cannot act for you at {cloud} yet.",
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
