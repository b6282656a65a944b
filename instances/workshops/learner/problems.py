"""What learners are told, and those who speak to them."""

from portal.core.errors import Problem, register

_NOTHING = "Nothing was changed, and nothing was spent."

register(
    {
        "workshops:no-machine": Problem(
            "Your machine is not there yet",
            "It is being built, mended or replaced at this moment.",
            "Nothing of yours is lost by waiting.",
            "Leave the page open: it goes on by itself as soon as the machine is ready.",
            503,
        ),
        "workshops:no-step": Problem(
            "There is no such step",
            "The hand-out has {most} steps. It may have been changed while this page was open.",
            _NOTHING,
            "Look at the steps again and mark the one that you have done.",
            422,
        ),
        "workshops:call-taken": Problem(
            "Somebody is on the way already",
            "{by} took this call before you.",
            _NOTHING,
            "Take the next one in the queue, or ask them to let go of this one.",
            409,
        ),
        "workshops:call-over": Problem(
            "This call is over",
            "The learner was helped already, or needs no help any more.",
            _NOTHING,
            "Take the next one in the queue.",
            409,
        ),
        "workshops:message-empty": Problem(
            "The message is empty",
            "There are no words in it, so that no screen would show anything.",
            _NOTHING,
            "Write what everybody should read.",
            422,
        ),
        "workshops:message-long": Problem(
            "The message is too long",
            "A line on everybody's screen has {most} characters at most.",
            _NOTHING,
            "Make it shorter, and put the rest into the hand-out.",
            422,
        ),
        "workshops:message-minutes": Problem(
            "How long should it stand?",
            "A message stands on the screens for 1 to {most} minutes.",
            _NOTHING,
            "Choose a time within that.",
            422,
        ),
        "workshops:message-nobody": Problem(
            "Nobody would read it",
            "None of the chosen seats has a learner.",
            _NOTHING,
            "Choose seats that are taken, or speak to everybody.",
            422,
        ),
    }
)
