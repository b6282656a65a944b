from hypothesis import given
from hypothesis import strategies as st

from instances.workshops.roster import codes


def test_a_code_is_read_however_it_is_typed() -> None:
    code = codes.new()
    for typed in (code, codes.shown(code), f" {code.lower()} ", code.replace("0", "O").replace("1", "l")):
        assert codes.tidy(typed) == code


def test_no_two_letters_of_a_code_look_alike() -> None:
    assert not set("ILOU") & set(codes.ALPHABET)
    assert len(codes.ALPHABET) == 32


@given(st.text(max_size=80))
def test_what_can_be_no_code_is_none(text: str) -> None:
    found = codes.tidy(text)
    assert found == "" or (len(found) == codes.LENGTH and set(found) <= set(codes.ALPHABET))


def test_digests_of_links_and_of_guests_are_different_things() -> None:
    assert codes.digest("link", "X") != codes.digest("guest", "X")
    assert len({codes.new() for _ in range(200)}) == 200
