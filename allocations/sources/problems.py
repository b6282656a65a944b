from portal.core.errors import Problem, register

_NOTHING = "Nothing was changed: who is in the allocation, machines and SUs are as before."
_OLD = "What was known before is shown, with its age. Machines and SUs are not affected."

register(
    {
        "sources:bad-name": Problem(
            "This is no user name",
            "“{username}” holds characters that no name of an account has, or is too long.",
            _NOTHING,
            "Give the name alone, as people sign in with it, without spaces.",
        ),
        "sources:nothing-asked": Problem(
            "Nothing to look for",
            "A search needs at least two characters.",
            _NOTHING,
            "Type an id or a part of a name.",
        ),
        "sources:no-answer-yet": Problem(
            "No answer yet",
            "The search has not been answered in a minute.",
            _NOTHING,
            "Search again, or give the user name itself: people can be added by it.",
            504,
        ),
        "sources:too-many-names": Problem(
            "Too many people at once",
            "{count} people were named; {most} are taken at a time.",
            _NOTHING,
            "Ask for them in several parts.",
        ),
        "sources:role-not-given-here": Problem(
            "This role is not given here",
            "PI and co-PI are named by the programme that awards the allocation.",
            _NOTHING,
            "Choose manager, teaching assistant, member or reader, or ask the programme.",
            403,
        ),
        "sources:the-pi": Problem(
            "The PI stays",
            "The allocation is awarded to this person, so the portal neither removes them nor changes their role.",
            _NOTHING,
            "A change of the PI is asked for where the allocation was awarded.",
            403,
        ),
        "sources:a-co-pi": Problem(
            "A co-PI is named by the programme",
            "The role of a co-PI is not changed here, and only the PI asks for their removal.",
            _NOTHING,
            "Ask the PI.",
            403,
        ),
        "sources:cannot": Problem(
            "Not from this portal",
            "{needs}",
            _NOTHING,
            "Follow what is said above; what changes there shows here after the next reading.",
            409,
        ),
        "sources:not-a-manager-there": Problem(
            "{source} does not know you as a manager",
            "The portal asked {source} which projects {asker} manages; {grant} is not among them.",
            _NOTHING,
            "Ask the PI to do it, or to make you an allocation manager at {source}.",
            403,
        ),
        "sources:no-name-there": Problem(
            "The portal does not know your name at {source}",
            "Your sign-in carries no id that {source} knows, so it cannot be checked whether you manage this project.",
            _NOTHING,
            "Sign in with your {source} account, or ask somebody who does.",
            403,
        ),
        "sources:declined": Problem(
            "{source} declined",
            "{source} says about {username}: {said}",
            _NOTHING,
            "Correct what it names, such as the spelling of the user name, and ask again.",
        ),
        "sources:unknown-person": Problem(
            "Nobody of that name",
            "{source} knows no account “{username}”.",
            _NOTHING,
            "Look the person up by name, or ask them for the name with which they sign in.",
            404,
        ),
        "sources:unknown-grant": Problem(
            "{source} does not know this grant",
            "{source} has no project {grant}, or none that this portal may ask about.",
            _OLD,
            "If the grant is new, wait a day. Else tell the operators of this portal.",
            404,
        ),
        "sources:roles-not-yours": Problem(
            "The cloud does not let you change roles",
            "{source} refused it: your role in the project does not permit giving or taking roles. {needs}",
            _NOTHING,
            "Ask the operators of the cloud, or somebody whose role there permits it.",
            403,
        ),
        "sources:took-too-long": Problem(
            "{source} did not confirm it",
            "It was asked for on {asked}; {source} has not carried it out since.",
            "It may still happen. The portal does not look any more.",
            "Look at {source}, or ask its support; then ask here again.",
            504,
        ),
        "sources:not-sent": Problem(
            "{source} could not be reached",
            "It was asked for on {asked}, and {source} did not take it in all that time.",
            _NOTHING,
            "Ask again, or do it at {source} itself.",
            504,
        ),
        "sources:superseded": Problem(
            "Taken back",
            "{who} asked for something else about the same person before this was done.",
            "The later request counts.",
            "Nothing.",
            409,
        ),
        "sources:no-members": Problem(
            "{source} lists nobody",
            "{source} says that nobody is in this project, which cannot be: a project has a PI.",
            _OLD,
            "Nothing, if it passes; else tell the operators of this portal.",
            502,
        ),
        "sources:assignments-hidden": Problem(
            "The cloud does not tell who is in the project",
            "{source} lets only its administrators list the roles of a project.",
            "People are shown once they have signed in here.",
            "Nothing. The operators of the cloud may allow managers to list them.",
            403,
        ),
    }
)
