from portal.core.errors import Problem, register

register(
    {
        "api:token": Problem(
            "This API token does not work",
            "The token is unknown, expired or revoked.",
            "Nothing was changed.",
            "Make a new token in your profile and send it as 'Authorization: Bearer <token>'.",
            401,
        ),
        "api:csrf": Problem(
            "This request did not come from a page of the portal",
            "A session may change things only with the CSRF token of its own pages.",
            "Nothing was changed and no SUs were spent.",
            "Programs use a personal API token instead of the session cookie.",
            403,
        ),
        "api:read-only-token": Problem(
            "This API token may only read",
            "The token '{name}' has scope 'read'; this request changes something.",
            "Nothing was changed and no SUs were spent.",
            "Make a token with scope 'write' in your profile.",
            403,
        ),
    }
)
