"""Who may ask for which change of somebody's place in an allocation. Pure. Need.MANAGE is asked for besides."""

# Given and taken by the programme itself, never from here.
_NOT_FROM_HERE = frozenset({"pi", "co_pi"})
GIVEN_HERE = ("manager", "ta", "member", "reader")


def refusal(action: str, by_role: str, of_role: str, wanted: str) -> str:
    """The problem with it; empty where there is none. `of_role` is empty for somebody who is not in yet."""
    if action in ("add", "role") and wanted not in GIVEN_HERE:
        return "sources:role-not-given-here"
    if action == "add":
        return ""
    if of_role == "pi":
        return "sources:the-pi"
    if of_role == "co_pi" and (by_role != "pi" or action == "role"):
        return "sources:a-co-pi"
    return ""
