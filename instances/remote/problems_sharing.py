"""What a person is told about sharing and recording. Machines and SUs are never touched by either."""

from portal.core.errors import Problem, register

_NOTHING = "Nothing was changed; the machine and what runs on it are not affected."

register(
    {
        "remote:share-over": Problem(
            "This invitation is over",
            "The session has ended, or its owner ended the sharing.",
            _NOTHING,
            "Ask whoever invited you for a new invitation.",
            410,
        ),
        "remote:session-over": Problem(
            "This session has ended",
            "It ended meanwhile, here or at the machine.",
            _NOTHING,
            "Open a new one.",
            409,
        ),
        "remote:own-session": Problem(
            "This is your own",
            "You are on your own session already; an invitation is for somebody else.",
            _NOTHING,
            "Open it from the page of the machine.",
            409,
        ),
        "remote:shares": Problem(
            "Too many invitations",
            "One session has {most} invitations at most.",
            _NOTHING,
            "End some, or invite everybody with a right to the machine.",
            409,
        ),
        "remote:full": Problem(
            "There is no room left on it",
            "{most} people look on at this session already.",
            _NOTHING,
            "Try again when somebody has left.",
            409,
        ),
        "remote:who": Problem(
            "Who is meant?",
            "“{query}” fits {count} people. Members of the allocation are found by name, others by their whole ACCESS id.",
            "Nobody was invited.",
            "Choose one from the list, or type the whole ACCESS id.",
            422,
        ),
        "remote:not-shared": Problem(
            "This cannot be shared",
            "Shells and desktops can be shared; files and web applications of a machine are for one person each.",
            _NOTHING,
            "Share a shell instead.",
            409,
        ),
        "remote:seat-not-recorded": Problem(
            "Shells of a workshop's seats are not recorded",
            "A recording would be kept with the machine, for people whom you have not asked.",
            "The shell goes on, unrecorded.",
            "Download what it printed instead: the shell's own menu does it.",
            409,
        ),
        "remote:no-recordings": Problem(
            "Nothing is recorded here",
            "The operators of this portal have turned recording off.",
            _NOTHING,
            "Run `script` on the machine to keep what a shell prints there.",
            409,
        ),
        "remote:not-recorded": Problem(
            "Only shells are recorded",
            "A recording keeps the text that a shell prints; a desktop has none.",
            _NOTHING,
            "Record a shell instead.",
            409,
        ),
        "remote:recording-gone": Problem(
            "This recording is gone",
            "It was deleted, its time was over, or nothing was written yet.",
            _NOTHING,
            "If it has only just begun, wait a moment and load the page again.",
            410,
        ),
    }
)
