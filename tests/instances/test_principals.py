from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from instances.principals import principal

ID = "0192aaaa-0000-7000-8000-000000000001"
logins = st.from_regex(r"[a-z_][a-z0-9_-]{0,31}", fullmatch=True)


def test_it_names_the_machine_and_the_login() -> None:
    assert principal(ID, "exouser") == f"{ID}:exouser" == principal(UUID(ID), "exouser")


@given(st.uuids(), logins, st.uuids(), logins)
def test_no_two_logins_share_one(one: UUID, login: str, other: UUID, second: str) -> None:
    assert (principal(one, login) == principal(other, second)) is ((one, login) == (other, second))
