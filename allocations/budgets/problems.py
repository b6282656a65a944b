from portal.core.errors import Problem, register

_NOTHING_DONE = "Nothing was started, and nothing that runs is touched."
_ASK = "Ask {ask} for more, or shelve something that you do not need now: shelved machines cost nothing where the "
_ASK += "operators say so."

register(
    {
        "budgets:spent": Problem(
            "The budget is spent",
            "{budget} is {su} SU {period}, of which {spent} SU are spent: nothing new is started from it {until}.",
            _NOTHING_DONE,
            "Ask {ask} for more.",
            403,
        ),
        "budgets:hour": Problem(
            "The budget would not last an hour",
            "{budget} has {left} of {su} SU left {period}; with this, {pace} SU per hour would be spent from it. That "
            "is all {until}.",
            _NOTHING_DONE,
            _ASK,
            403,
        ),
        "budgets:blocked": Problem(
            "The budget blocks new machines",
            "{budget} is {su} SU {period}, of which {spent} SU ({percent} %) are spent. From {share} % on nothing new is "
            "started from it, {until}.",
            _NOTHING_DONE,
            "Ask {ask} for more.",
            403,
        ),
        "budgets:vcpus": Problem(
            "Larger than you may have",
            "{flavor} has {wanted} vCPUs; the limits of {limits} allow {most} in one machine.",
            _NOTHING_DONE,
            "Choose a smaller size, or ask {ask} for more.",
            403,
        ),
        "budgets:ram": Problem(
            "Larger than you may have",
            "{flavor} has {wanted} GB of RAM; the limits of {limits} allow {most} GB in one machine.",
            _NOTHING_DONE,
            "Choose a smaller size, or ask {ask} for more.",
            403,
        ),
        "budgets:flavor-group": Problem(
            "Not a size that you may have",
            "{flavor} is not among the sizes that the limits of {limits} allow: {groups}.",
            _NOTHING_DONE,
            "Choose one of these, or ask {ask}.",
            403,
        ),
        "budgets:machines": Problem(
            "More machines than you may have",
            "{have} machines of yours are there, shelved ones included, and {wanted} more would be over the {most} that the "
            "limits of {limits} allow.",
            _NOTHING_DONE,
            "Delete one that you no longer need, or ask {ask} for more.",
            403,
        ),
        "budgets:gpus": Problem(
            "More GPUs than you may use",
            "Your machines hold {have} GPUs and this needs {wanted}; the limits of {limits} allow {most} at a time.",
            _NOTHING_DONE,
            "Shelve a machine that holds one, choose a size without, or ask {ask} for more.",
            403,
        ),
        "budgets:lifetime": Problem(
            "The machine's time is over",
            "The limits of {limits} give a machine {hours} hours; its time ended {ended}.",
            "It stays as it is, and its disk is kept.",
            "Ask {ask} for more time, or copy what you need from its disk by an image of it.",
            403,
        ),
        "budgets:taken": Problem(
            "There is such a budget already",
            "{name} has a budget of this resource and period.",
            "Nothing was changed.",
            "Change that one, or give this one days on which it holds.",
            409,
        ),
        "budgets:nobody": Problem(
            "Not a member",
            "{name} is not a member of this allocation.",
            "Nothing was changed.",
            "Add the person as a member first.",
            422,
        ),
        "budgets:name-taken": Problem(
            "There is such a group already",
            "A group of this allocation is called “{name}”.",
            "Nothing was changed.",
            "Choose another name, or change that group.",
            409,
        ),
        "budgets:no-machine": Problem(
            "No such machine",
            "No machine of this allocation has the id {machine}.",
            "Nothing was changed.",
            "Choose one of the list.",
            422,
        ),
        "budgets:bad-value": Problem(
            "Please check what you entered",
            "{reason}",
            "Nothing was changed.",
            "Mend it and send it again.",
            422,
        ),
    }
)
