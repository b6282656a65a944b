from portal.core.errors import Problem, register

register(
    {
        "operations:deadline": Problem(
            "This took too long and was given up",
            "{label} was not finished in the time that it may take. Last: {last}",
            "What the cloud had already done stays; the machine's page shows its present state and cost.",
            "Look at the machine's state; then try again, or delete what is left over.",
            504,
        ),
        "operations:step-too-long": Problem(
            "The cloud is slow",
            "The step {step} took longer than a step may, and is taken up again.",
            "Nothing is done twice: the portal looks first at what is there.",
            "Wait; the page shows how it goes on.",
            504,
        ),
        "operations:unexpected": Problem(
            "An error in the portal stopped this",
            "{label} ran into an error that nobody expected, in the step {step}.",
            "What the cloud had already done stays; the machine's page shows its present state and cost.",
            "Try again; if it stays, send support the id of this operation.",
            500,
        ),
        "operations:unknown-kind": Problem(
            "The portal's workers do not know this operation",
            "No running worker can carry out operations of kind {kind}; perhaps an upgrade is going on.",
            "Nothing is done until a worker that knows it is there.",
            "Wait a few minutes; if it stays, tell support.",
            503,
        ),
        "operations:paused": Problem(
            "Waiting for you to connect to the cloud again",
            "The cloud no longer accepts the credential with which the portal acts for you at {cloud}.",
            "Your machines run on and cost what they cost. What you asked for waits, and is not forgotten.",
            "Connect to the cloud again from your profile: then it goes on by itself.",
            401,
        ),
        "operations:not-resumed": Problem(
            "You were not connected in time",
            "{label} waited a day for you to connect to the cloud again, and was then given up.",
            "What was not done will not be done any more. What was done stays.",
            "Connect to the cloud from your profile and ask for it again.",
            410,
        ),
        "operations:over": Problem(
            "This is already over",
            "{label} has ended and can no longer be stopped.",
            "Nothing was changed.",
            "Look at the machine's page for what it did.",
            409,
        ),
    }
)
