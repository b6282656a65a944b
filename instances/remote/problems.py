"""What a person is told about shells, desktops, files and ports. The parts' own words are beside them."""

from instances.remote.files import problems as _files_problems  # noqa: F401  (registers)
from portal.core.errors import Problem, register

_RUNS = "The machine itself runs on as it was; nothing is charged beyond that."

register(
    {
        "remote:ticket": Problem(
            "This way in does not hold any more",
            "A page gets a ticket that opens one connection, once, within half a minute; this one was used or is too old.",
            "Nothing was connected.",
            "Reload the page.",
            403,
        ),
        "remote:over": Problem(
            "This session is over",
            "{reason}",
            _RUNS,
            "Open a new one from the machine's page.",
            410,
        ),
        "remote:resume": Problem(
            "This session cannot be taken up again",
            "{reason}",
            _RUNS,
            "Open a new one.",
            409,
        ),
        "remote:too-many": Problem(
            "You have too many sessions open",
            "You have {most} shells, desktops, file pages and ports open, which is as many as one person may have.",
            "Those that are open go on.",
            "Close one of them; your profile lists them under Connections.",
            429,
        ),
        "remote:not-running": Problem(
            "{name} is {state}",
            "A machine that is {state} runs nothing that could answer.",
            "Nothing was changed.",
            "Bring it back to ACTIVE first, then connect.",
            409,
        ),
        "remote:building": Problem(
            "{name} is being built",
            "The cloud has not finished making the machine.",
            "Nothing is charged before it is ACTIVE.",
            "SSH usually answers about 40 seconds after the start; this page tries again by itself.",
            409,
        ),
        "remote:address-coming": Problem(
            "{name} is getting its address",
            "The machine runs, and the portal is giving it the public address by which it is reached.",
            _RUNS,
            "That takes a few seconds; this page tries again by itself.",
            409,
        ),
        "remote:no-address": Problem(
            "{name} has no address that the portal can reach",
            "The machine has no public address, and its project has no jump host to go through.",
            _RUNS,
            "Give it a public address, or set up a jump host. The screen of the machine, from the cloud, needs neither.",
            409,
        ),
        "remote:no-host-keys": Problem(
            "The machine's host keys are not known yet",
            "The portal connects only to a machine whose host keys it knows: they are read from the console log, where "
            "machines print them when they start.",
            "Without them nobody could tell {name} from something in between.",
            "If it has just started, wait a few seconds. Otherwise have the console log read again.",
            409,
        ),
        "remote:no-login": Problem(
            "The account to log in to is not known",
            "{name} was made elsewhere, from an image that does not tell which account it has.",
            _RUNS,
            "Name the account, such as ubuntu, debian or rocky.",
            409,
        ),
        "remote:host-key": Problem(
            "The machine's host key has changed",
            "What answers at {address} showed a host key that is none of those known for {name}.",
            "It may have been rebuilt, or something else answers in its place. Nothing was sent to it.",
            "Have the console log read again; if the key stays unknown, compare it on the machine's screen.",
            409,
        ),
        "remote:certificate-refused": Problem(
            "{name} refused the portal's certificate",
            "The machine answers, but does not take the certificate for {login}: its SSH settings were changed, the "
            "account is gone, or its clock is wrong.",
            _RUNS,
            "Use a key or password of your own once, and let the portal set up trust again.",
            403,
        ),
        "remote:seat-unreachable": Problem(
            "Your machine cannot be reached just now",
            "It is being started, moved or mended, or the way to it is interrupted.",
            "Your files are on the machine, and nothing was lost by this.",
            "This page tries again by itself. If it stays like this for minutes, ask for help.",
            503,
        ),
        "remote:secret-refused": Problem(
            "{name} did not let {login} in",
            "The machine refused the key or the password.",
            _RUNS,
            "Check the account's name, and which of its keys the machine knows.",
            403,
        ),
        "remote:needs-secret": Problem(
            "{name} does not know the portal",
            "It was made elsewhere and takes no certificate of the portal.",
            "What you give is used for this session only, and kept nowhere.",
            "Give the private key or the password for {login}.",
            403,
        ),
        "remote:bad-key": Problem(
            "This private key cannot be read",
            "It is no private key that SSH knows, or its passphrase is wrong.",
            "It was used for nothing and is kept nowhere.",
            "Choose the file without .pub at its end, and give its passphrase if it has one.",
            422,
        ),
        "remote:not-ssh": Problem(
            "{name} does not speak SSH as expected",
            "Something answers at {address} on port {port}, but an SSH connection could not be agreed on.",
            _RUNS,
            "Look at the console log: the SSH server may be broken or very old.",
            502,
        ),
        "remote:refused": Problem(
            "{name} does not answer on port {port} yet",
            "The machine is there, but no SSH server listens: it is still booting, or the server was stopped.",
            _RUNS,
            "SSH usually answers about 40 seconds after the start; this page tries again by itself.",
            503,
        ),
        "remote:timeout": Problem(
            "{name} cannot be reached",
            "Nothing came back from {address} on port {port}: the machine is still booting, its network is down, or a "
            "firewall does not allow the portal.",
            _RUNS,
            "Wait if it has just started; otherwise look at its security groups, or at its screen from the cloud.",
            504,
        ),
        "remote:silent": Problem(
            "{name} answers, but does not go on",
            "The connection stands, but the SSH server does not let anybody in: the machine may be out of memory or disk.",
            "It runs on, and is charged as before.",
            "Look at its load and its console log; a reboot helps if it is stuck.",
            504,
        ),
        "remote:no-prompt": Problem(
            "{name} let you in, but shows no prompt",
            "Nothing was printed in {seconds} seconds: what the account runs at login hangs, or the machine is overloaded.",
            "It runs on, and is charged as before.",
            "Try again; if it stays, look at its load, or log in by its screen and look at ~/.bashrc and ~/.profile.",
            504,
        ),
        "remote:lost": Problem(
            "The connection to {name} was lost",
            "The machine or the network between ended it.",
            _RUNS,
            "Try again.",
            502,
        ),
        "remote:channel-refused": Problem(
            "{name} refused this",
            "The machine let you in, but does not allow what was asked for on this connection.",
            _RUNS,
            "Its SSH settings (sshd_config) may forbid it.",
            502,
        ),
        "remote:port-closed": Problem(
            "Nothing listens there on {name}",
            "The machine was reached, but no program on it answers at that place.",
            _RUNS,
            "Start the program, and let it listen on 127.0.0.1.",
            502,
        ),
        "remote:forwarding-off": Problem(
            "{name} does not allow forwarding",
            "Its SSH server forbids channels to its own ports and sockets (AllowTcpForwarding, AllowStreamLocalForwarding).",
            _RUNS,
            "Allow it in sshd_config, and reload the SSH server.",
            502,
        ),
        "remote:no-start": Problem(
            "The page did not begin",
            "The connection stood, but the page said nothing that the portal understands.",
            "Nothing was connected.",
            "Reload the page.",
            400,
        ),
    }
)
