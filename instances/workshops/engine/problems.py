"""What people are told of seats that the engine cannot bring about, and of what it refuses."""

from portal.core.errors import Problem, register

_NOTHING = "Nothing was changed, and nothing was spent."
_RUNS_ON = "All other seats go on as they are."

register(
    {
        "workshops:build-stuck": Problem(
            "The machine did not become ready",
            "It was asked for {minutes} minutes ago, and is still not set up; usual are {usual}.",
            "It is deleted, and the seat gets another one. " + _RUNS_ON,
            "Nothing needs to be done. If it happens to many seats, look at what the workshop installs at the first boot.",
            504,
        ),
        "workshops:build-lost": Problem(
            "The machine of this seat was deleted elsewhere",
            "Somebody deleted it in another portal or with the command line, with everything that was on it.",
            "The seat gets another one, as long as the workshop is on.",
            "Ask those who may act in the allocation to leave machines of workshops alone.",
            410,
        ),
        "workshops:build-orphaned": Problem(
            "Nobody lends the portal a way into the cloud for this machine",
            "The person with whose credential it was being made is not connected to the cloud any more.",
            "It is given up, and asked for again with somebody else's credential. " + _RUNS_ON,
            "Somebody who may launch machines in the allocation has to be connected to the cloud.",
            409,
        ),
        "workshops:reset-failed": Problem(
            "The machine could not be reset",
            "{reason}",
            "It is not known what is on it now. " + _RUNS_ON,
            "Try again, or press Replace: the seat gets another machine.",
            409,
        ),
        "workshops:machine-broke": Problem(
            "The machine of this seat broke",
            "The cloud says: {fault}",
            "What was done on it may still be on its disk, so it is not replaced without somebody's word.",
            "Try a reset that keeps the home, or press Replace or Swap: both delete it.",
            409,
        ),
        "workshops:no-machine": Problem(
            "Seat {number} has no machine",
            "It waits for one, so that there is nothing to do this with.",
            _NOTHING,
            "Wait until it is built.",
            409,
        ),
        "workshops:not-now": Problem(
            "Seat {number} cannot do that now",
            "{reason}",
            _NOTHING,
            "Wait until it is ready.",
            409,
        ),
        "workshops:no-spare": Problem(
            "There is no spare that is ready",
            "Seat {number} can be swapped only for a spare whose machine is ready now.",
            _NOTHING,
            "Press Replace, which builds another one, or plan more spares.",
            409,
        ),
        "workshops:too-many-seats": Problem(
            "That is more than this cloud builds for one workshop",
            "{asked} {what} were asked for; at most {most} are allowed.",
            _NOTHING,
            "Plan fewer, or two workshops.",
            400,
        ),
        "workshops:seats-taken": Problem(
            "Learners sit at more seats than that",
            "{taken} seats are taken or kept for somebody, and {asked} would be left.",
            _NOTHING,
            "Take people off the roster first, or keep {taken} seats.",
            409,
        ),
        "workshops:is-over": Problem(
            "The workshop is over",
            "{title} has ended, so that nothing is built for it any more.",
            _NOTHING,
            "Clone it with new dates.",
            409,
        ),
        "workshops:drive-taken": Problem(
            "Somebody else is on a test drive",
            "{who} tries the seat out until {until} UTC; a workshop has one such seat.",
            _NOTHING,
            "Wait until then, or ask them to end it.",
            409,
        ),
        "workshops:drive-learner": Problem(
            "You take part in this workshop yourself",
            "A test drive is for those who run {title}; you are on its roster.",
            _NOTHING,
            "Open your own seat, or take yourself off the roster.",
            409,
        ),
    }
)
