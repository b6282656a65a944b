"""Whether a cloud named the person whom we expect. Pure.

Behind WebSSO stands a session of the cloud's own, which signs in whoever used that browser last, unasked. And a
sign-in connects by itself: it must not put another account silently in the place of the one a person chose.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CloudUser:
    """Somebody as a cloud names them; empty where there is nobody yet."""

    id: str
    name: str


def expected(
    *, named: CloudUser, before: CloudUser, agreed_id: str, access_id: str, chosen_here: bool
) -> bool:
    """Whether to go on without asking.

    `before`: as whom the person was connected so far. `agreed_id`: whom they agreed to. `chosen_here`: they gave
    the name or the credential themselves, so that there is nothing to ask.
    """
    if chosen_here or named.id == agreed_id:
        return True
    if before.id:
        return named.id == before.id or same_name(named.name, before.name)
    return same_name(named.name, access_id)


def same_name(one: str, other: str) -> bool:
    """`alice@access-ci.org` is `alice` where nobody names a domain, and nobody else's `alice@…`."""
    left, right = one.strip().casefold(), other.strip().casefold()
    if not left or not right:
        return False
    if "@" in left and "@" in right:
        return left == right
    return left.partition("@")[0] == right.partition("@")[0]
