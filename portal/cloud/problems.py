"""What a person is told about each error of a cloud: what happened, what it means, what to do."""

from portal.cloud.problems_outside import PROBLEMS as OUTSIDE
from portal.core.errors import Problem, register

_NOTHING_DONE = "Nothing was changed and no SUs were spent."
_MACHINES_RUN = "Your machines run on as they are; nothing was lost."
_NOTHING_NEW = "Nothing new was connected. What was connected before goes on, and machines run on."
_MAYBE_DONE = "It may or may not have been carried out: the portal looks before it tries again."

register(
    {
        "cloud:unauthorized": Problem(
            "The cloud does not accept this sign-in",
            "The {service} service refused the credential.",
            f"{_MACHINES_RUN} The portal cannot act for you until you connect again.",
            "Connect to the cloud again from your profile.",
            401,
        ),
        "cloud:credential-revoked": Problem(
            "The portal's credential was revoked or has expired",
            "The cloud no longer accepts the application credential that the portal holds for this project.",
            f"{_MACHINES_RUN} What you asked for waits until you connect again.",
            "Connect to the cloud again from your profile. If you were removed from the project, ask its PI.",
            401,
        ),
        "cloud:federation-token": Problem(
            "Your sign-in is too old for the cloud",
            "The cloud could not make sure that the sign-in is still good: it has expired or was revoked, or "
            "the identity provider did not confirm it.",
            _NOTHING_NEW,
            "Sign in to the portal again. If it comes back at once, tell support: the cloud may not reach the "
            "identity provider.",
            401,
        ),
        "cloud:federation-claims": Problem(
            "The cloud did not learn who you are",
            "It accepted your sign-in, and found no user id in it.",
            f"{_NOTHING_NEW} Signing in again changes nothing.",
            "Choose another way to connect, and tell support: the portal has to ask the identity provider for "
            "more about you (`oidc.scopes`), or the cloud for less.",
            502,
        ),
        "cloud:federation-account": Problem(
            "The cloud has no account for you",
            "The identity provider knows you; the cloud does not let you in. Your account there may be "
            "disabled, or not made yet.",
            _NOTHING_NEW,
            "New accounts can take some hours to arrive. If you had access before, write to the operators of "
            "the cloud.",
            403,
        ),
        "cloud:federation-set-up": Problem(
            "The cloud does not know this way in",
            "The identity provider or the protocol that this portal names is not known to the cloud.",
            _NOTHING_NEW,
            "Choose another way to connect, and tell support: `identity_provider`, `protocol` or "
            "`federation_auth_url` in portal.yaml does not fit the cloud.",
            502,
        ),
        "cloud:federation-off": Problem(
            "The cloud has switched this identity provider off",
            "It takes no sign-ins of your identity provider at the moment.",
            _NOTHING_NEW,
            "Choose another way to connect, or ask the operators of the cloud.",
            403,
        ),
        "cloud:role-by-group": Problem(
            "Your role there comes through a group",
            "The cloud makes application credentials only for people who hold a role in the project themselves.",
            _NOTHING_DONE,
            "Ask for a role of your own in the project.",
            403,
        ),
        "cloud:forbidden": Problem(
            "The cloud does not allow that",
            "The {service} service says that your role in this project does not permit it.",
            _NOTHING_DONE,
            "Ask the PI of the allocation, or support, for the right to do it.",
            403,
        ),
        "cloud:quota": Problem(
            "Quota reached: {resource}",
            "The project may use {limit} of {resource}; {used} are used and {requested} more were asked for.",
            _NOTHING_DONE,
            "Delete or shelve something, choose a smaller size, or ask for a larger quota.",
            409,
        ),
        "cloud:not-found": Problem(
            "No longer there",
            "The {service} service has no such thing: it was deleted, perhaps from another interface.",
            "What no longer exists costs nothing.",
            "Reload the page; it shows what is there now.",
            404,
        ),
        "cloud:conflict": Problem(
            "Not possible right now",
            "The {service} service says that this conflicts with the present state.",
            _NOTHING_DONE,
            "Wait until other changes to the same thing have ended, then try again.",
            409,
        ),
        "cloud:locked": Problem(
            "The machine is locked",
            "A lock protects this machine from changes.",
            _NOTHING_DONE,
            "Unlock it first, if nobody minds: a lock is there for a reason.",
            409,
        ),
        "cloud:wrong-state": Problem(
            "Not possible in this state",
            "The machine is in state {state}, which does not allow {action}.",
            _NOTHING_DONE,
            "Wait until it has settled, or choose an action that fits its state.",
            409,
        ),
        "cloud:no-addresses": Problem(
            "No addresses left",
            "The network has no free address to give.",
            _NOTHING_DONE,
            "Release a public address that you do not need, or try again later.",
            409,
        ),
        "cloud:too-large": Problem(
            "Too large",
            "The {service} service does not take a request of this size.",
            _NOTHING_DONE,
            "Shorten the boot script or the metadata.",
            413,
        ),
        "cloud:rate-limited": Problem(
            "The cloud asks us to slow down",
            "The {service} service answers only so many requests in a time.",
            f"{_MACHINES_RUN} The request is repeated by itself.",
            "Nothing; it takes a little longer.",
            503,
        ),
        "cloud:server-error": Problem(
            "The cloud had an internal error",
            "The {service} service failed while it handled the request.",
            _MAYBE_DONE,
            "Wait a little. If it stays, give support the request id.",
            502,
        ),
        "cloud:unavailable": Problem(
            "A cloud service is down",
            "The {service} service is not available at the moment.",
            f"{_MACHINES_RUN} The request is repeated by itself.",
            "See the cloud's status page; nothing needs to be done here.",
            503,
        ),
        "cloud:timeout": Problem(
            "The cloud did not answer in time",
            "The {service} service took too long.",
            _MAYBE_DONE,
            "Nothing; the portal goes on by itself.",
            504,
        ),
        "cloud:connection": Problem(
            "No connection to the cloud",
            "The {service} service could not be reached, or the connection broke.",
            _MAYBE_DONE,
            "Nothing; the portal goes on by itself. See the cloud's status page if it lasts.",
            502,
        ),
        "cloud:slow": Problem(
            "A cloud service answers slowly",
            "The {service} service keeps several requests waiting, so the portal sends no more for a moment.",
            f"{_MACHINES_RUN} The request is repeated by itself.",
            "Nothing; it goes on when the service answers.",
            503,
        ),
        "cloud:service-down": Problem(
            "A cloud service is down",
            "The {service} service failed several times in a row, so the portal gives it a rest.",
            f"{_MACHINES_RUN} The request is repeated by itself.",
            "See the cloud's status page; nothing needs to be done here.",
            503,
        ),
        "cloud:bad-request": Problem(
            "The cloud refused the request",
            "The {service} service says that something in it is wrong.",
            _NOTHING_DONE,
            "Read the cloud's own words below, correct it and try again.",
            400,
        ),
        "cloud:bad-answer": Problem(
            "The cloud's answer makes no sense",
            "The {service} service answered in a way that the portal cannot read.",
            _MAYBE_DONE,
            "Tell support, with the time and what you did.",
            502,
        ),
        "cloud:flavor-not-found": Problem(
            "This size is not offered any more",
            "The flavor was withdrawn by the operator, or your project may not use it.",
            _NOTHING_DONE,
            "Choose another size.",
            409,
        ),
        "cloud:image-not-found": Problem(
            "This image is not there any more",
            "The image was deleted or replaced, or is no longer shared with your project.",
            _NOTHING_DONE,
            "Choose another image; newer builds of the same system are usually listed first.",
            409,
        ),
        "cloud:no-valid-host": Problem(
            "No room for this size now",
            "The cloud found no computer with enough free capacity (often: no free GPU).",
            "The machine was not started and costs nothing.",
            "Try a smaller size, or the same one later.",
            409,
        ),
        "cloud:no-console": Problem(
            "This cloud shows no screens of machines",
            "It was asked for each kind of screen that a browser can show ({kinds}), and has none.",
            _NOTHING_DONE,
            "Read the machine's console log, on its page, or use a shell where a network reaches it.",
            501,
        ),
        "cloud:unsupported": Problem(
            "This cloud cannot do that",
            "The {service} service is absent here, or too old for what was asked.",
            _NOTHING_DONE,
            "Nothing can be done from here; support may know another way.",
            501,
        ),
    }
)
register(OUTSIDE)
