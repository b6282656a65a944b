"""What people are told about keys, certificates and trust. Imported by `handlers`."""

from portal.core.errors import Problem, register

_SAFE = "Nothing was changed; the machine runs on and costs what it costs."
_PASTE = "Ask somebody who is root on it to run the script that the machine's SSH page shows."

register(
    {
        "remote:no-trust": Problem(
            "Nothing to take back",
            "As far as the portal knows, {name} takes none of its certificates.",
            _SAFE,
            "Load the page again.",
            409,
        ),
        "remote:trust-sudo": Problem(
            "The portal may not change the machine",
            "The account that is signed in on {name} may not become root without a password, so the script did not run.",
            _SAFE,
            f"{_PASTE} It is the same script.",
            409,
        ),
        "remote:trust-needs-root": Problem(
            "The script did not run as root",
            "Letting certificates in takes root on {name}.",
            _SAFE,
            _PASTE,
            409,
        ),
        "remote:trust-other": Problem(
            "The machine takes certificates of somebody else",
            "The SSH server of {name} is set up for another certificate authority, which ours would push out.",
            _SAFE,
            "Ask whoever runs the machine to join both, or go on with a key or password of your own.",
            409,
        ),
        "remote:trust-refused": Problem(
            "The machine's SSH server did not take the change",
            "It was tried before it counted, refused, and taken back on {name}.",
            _SAFE,
            "Look at what sshd -t says on the machine.",
            409,
        ),
        "remote:trust-no-login": Problem(
            "No such account",
            "There is no account {login} on {name}.",
            _SAFE,
            "Choose the account that you sign in with.",
            422,
        ),
        "remote:trust-no-sshd": Problem(
            "No OpenSSH server",
            "{name} does not run OpenSSH's server, the only one that the script knows how to set up.",
            _SAFE,
            "Go on with a key or password of your own.",
            409,
        ),
        "remote:typed-wrong": Problem(
            "That is not the end of its fingerprint",
            "What you typed does not match the last {count} characters of the key that {name} showed.",
            "Nothing was accepted: whoever answered in its name is still not believed.",
            "Open the machine's screen, run ssh-keygen -lf on the key's file there, and type the end of what it prints.",
            422,
        ),
        "remote:no-authority": Problem(
            "No such authority",
            "There is no certificate authority {generation} that signs.",
            _SAFE,
            "manage.py ssh_ca list shows all.",
            404,
        ),
        "remote:authority-known": Problem(
            "That key is an authority already",
            "The portal holds this key as an earlier authority.",
            _SAFE,
            "Give another key, or none: then one is made.",
            409,
        ),
        "remote:authority-needed": Problem(
            "Machines know no other authority",
            "{machines} machines trust authority {generation} and no other that signs.",
            "Retired, it would leave them without a web shell; nothing was changed.",
            "Run manage.py ssh_ca update-machines first, or retire it with --force.",
            409,
        ),
        "remote:no-own-certificates": Problem(
            "The portal signs no keys of people",
            "Its operators have set the hours of certificates for own keys to none.",
            _SAFE,
            "Use the web shell, or put your public key on the machine.",
            403,
        ),
        "remote:not-trusting": Problem(
            "The machine takes no certificates",
            "{name} was not told to trust the portal's certificates.",
            "A certificate would open nothing, so none was signed.",
            "Let certificates in on its SSH page first, or put your public key on the machine.",
            409,
        ),
        "remote:teammate-unknown": Problem(
            "Nobody by that name",
            "{person} is not a member of this allocation who may use machines.",
            _SAFE,
            "Choose somebody from the list; the PI adds members to the allocation.",
            422,
        ),
        "remote:no-passphrase": Problem(
            "No passphrase is kept at the cloud",
            "The cloud keeps no passphrase of Exosphere's for {name}.",
            _SAFE,
            "Sign in with your own key, or with the password that you set on the machine.",
            404,
        ),
        "remote:passphrase-late": Problem(
            "The passphrase did not come",
            "The cloud was asked for the passphrase of {name} and has not answered in time.",
            _SAFE,
            "Try again in a moment, or type it yourself.",
            503,
        ),
        "remote:shell-first": Problem(
            "Open a shell first",
            "{name} takes no certificates of the portal, and nobody has given it a key or a password for {login} yet.",
            _SAFE,
            "Open its shell, sign in there with your own key or password, and come back here while it is open.",
            409,
        ),
        "remote:last-way": Problem(
            "That is the last key",
            "No other key opens {login} on {name}.",
            "Nothing was changed.",
            "Add another key first, or tick that you know what you do.",
            409,
        ),
        "remote:keys-unreadable": Problem(
            "The file of keys cannot be changed",
            "The account {login} on {name} has a file of keys that the portal will not touch: {reason}.",
            _SAFE,
            "Look at ~/.ssh/authorized_keys on the machine yourself.",
            409,
        ),
        "remote:keys-changed": Problem(
            "The keys have changed meanwhile",
            "Somebody else changed the keys on {name} while you looked at them.",
            "Nothing of yours was written.",
            "Look at them again, then repeat it.",
            409,
        ),
    }
)
