"""What people are told while they plan a workshop."""

from portal.core.errors import Problem, register

_NOTHING = "Nothing was changed, and nothing was spent."
_DRAFT = "It stays a draft: nothing is built, and nothing is spent."

register(
    {
        "workshops:bad-input": Problem(
            "Please check what you entered",
            "{reason}",
            _NOTHING,
            "Correct it and send it again.",
            422,
        ),
        "workshops:blocked": Problem(
            "It cannot be planned as it is",
            "{what}",
            _DRAFT,
            "{todo}",
            409,
        ),
        "workshops:warned": Problem(
            "There is something that you should know first",
            "{what}",
            _DRAFT,
            "If you want it as it is, say that you know this, and plan it.",
            409,
        ),
        "workshops:not-now": Problem(
            "That cannot be changed now",
            "{reason}",
            "Everything goes on as it was planned.",
            "Clone the workshop if you need it otherwise, or wait until its state allows it.",
            409,
        ),
        "workshops:helper-twice": Problem(
            "They help already",
            "{name} is on the list of helpers.",
            _NOTHING,
            "Change what they may do there.",
            409,
        ),
        "workshops:bad-helper": Problem(
            "This names nobody",
            "“{given}” is neither an e-mail address nor an {id_title}.",
            _NOTHING,
            "Type an address such as tara@example.edu, or the id itself.",
            422,
        ),
        "workshops:too-many-helpers": Problem(
            "There are too many helpers",
            "A workshop has {most} helpers at most.",
            _NOTHING,
            "Remove one who does not help any more.",
            409,
        ),
        "workshops:not-offered": Problem(
            "This cloud offers no workshops",
            "Its operators have switched workshops off.",
            _NOTHING,
            "Launch machines one by one, or ask the operators.",
            409,
        ),
        "workshops:no-template": Problem(
            "There is no such course template for you",
            "Either it was removed, or it belongs to an allocation that you are no member of.",
            _NOTHING,
            "Choose another, or begin without one.",
            404,
        ),
        "workshops:template-retired": Problem(
            "This course template is retired",
            "“{title}” is not offered any more. Workshops that were made from it keep what they have.",
            _NOTHING,
            "Choose another, or ask who made it.",
            409,
        ),
        "workshops:template-title": Problem(
            "There is a template of that name",
            "“{title}” is taken in this allocation.",
            _NOTHING,
            "Give it another name, or make a new version of that one.",
            409,
        ),
        "workshops:bad-parameters": Problem(
            "Please check the values of the template",
            "{reason}",
            _NOTHING,
            "Correct them and send them again.",
            422,
        ),
        "workshops:bad-cacao": Problem(
            "These are not CACAO's files",
            "{reason}",
            "No template was made.",
            "Give the whole of .cacao/metadata.json, and of .cacao/ui.json if there is one.",
            422,
        ),
    }
)
