"""What can stand in the way of a credential for one's own tools. Registered by `problems`."""

from portal.core.errors import Problem

PROBLEMS = {
    "accounts:tool-not-connected": Problem(
        "The portal is not connected to that project",
        "It makes such a credential as you, and has no credential of its own with which it may: you are not connected "
        "to the cloud, or brought a credential that you made yourself.",
        "Nothing was made. Machines are not affected.",
        "Connect the cloud on the page Connected clouds, with your sign-in or your name and password; then ask again.",
        409,
    ),
    "accounts:tool-forbidden": Problem(
        "The cloud did not let the credential be made",
        "It refused to make an application credential for {project}.",
        "Nothing was made. What you have goes on working.",
        "Ask for one with fewer roles, or connect the cloud anew on the page Connected clouds and ask again.",
        403,
    ),
    "accounts:tool-not-shown-again": Problem(
        "Its secret is not here any more",
        "The secret of {name} was shown already, or nobody came for it in time, or it was revoked. The portal "
        "keeps no copy.",
        "Where you saved the files, they work until the credential expires.",
        "If you have not saved them, revoke it and make another.",
        410,
    ),
    "accounts:tool-not-deleted": Problem(
        "Revoked here, and still at the cloud",
        "The portal has no key with which {cloud} lets it delete the credential “{name}”.",
        "Whoever has its files can use them until it expires.",
        "Connect the cloud and revoke it again, or delete it there yourself, in Horizon under Identity, Application "
        "Credentials.",
        409,
    ),
}
