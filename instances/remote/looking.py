"""What of shells, desktops, files and ports an operator sees while they look as somebody: who is connected, no more."""

from portal.accounts import looking

looking.close({"remote:"})
looking.leave_open(
    {
        "remote:shell-state",
        "remote:who",
        "remote:on-it",
        "remote:of-machine",
        "remote:of-allocation",
        "remote:own-connections",
        "remote:invitations",
        "remote:jump",
        "remote:jump-offer",
    }
)
