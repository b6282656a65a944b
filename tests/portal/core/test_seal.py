import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from portal.core.errors import PortalError
from portal.core.seal import derive, reseal, seal, unseal

OLD, NEW = "old key of thirty-two characters!", "new key of thirty-two characters!"


@given(st.text())
def test_what_is_sealed_can_be_opened(plain: str) -> None:
    assert unseal(seal(plain)) == plain


def test_two_seals_of_one_secret_differ_and_show_nothing() -> None:
    one, two = seal("hunter22"), seal("hunter22")
    assert one != two
    assert "hunter22" not in one


def test_a_new_first_key_seals_and_the_old_one_still_opens(settings: Settings) -> None:
    settings.SEAL_KEYS = [OLD]
    sealed = seal("hunter22")
    settings.SEAL_KEYS = [NEW, OLD]
    assert unseal(sealed) == "hunter22"
    moved = reseal(sealed)
    settings.SEAL_KEYS = [NEW]
    assert unseal(moved) == "hunter22"
    with pytest.raises(PortalError, match="portal:seal"):
        unseal(sealed)
    with pytest.raises(PortalError, match="portal:seal"):
        reseal(sealed)


@pytest.mark.parametrize("broken", ["", "not sealed", "gAAAAA"])
def test_what_was_tampered_with_is_an_error_that_asks_to_connect_again(broken: str) -> None:
    with pytest.raises(PortalError) as error:
        unseal(broken)
    assert error.value.outcome == "auth"


def test_derived_secrets_are_stable_and_apart(settings: Settings) -> None:
    settings.SEAL_KEYS = [OLD]
    one = derive("metrics", "i1")
    assert one == derive("metrics", "i1")
    assert len({one, derive("metrics", "i2"), derive("ca", "i1")}) == 3
    assert len(one) == 43
    settings.SEAL_KEYS = [NEW, OLD]
    assert derive("metrics", "i1") == one
