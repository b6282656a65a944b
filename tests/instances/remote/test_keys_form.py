"""What adding or removing a key would do, said before it is done."""

import pytest

from instances.remote.authorized_keys import keys, with_key
from instances.remote.keys_form import addition, removal
from portal.accounts.models import User
from portal.core.errors import PortalError

ADA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH5le2D7iLis0Pc6JnAKX3qAd6lji5N9FdKuoTjF2WM"
BOB = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH6le2D7iLis0Pc6JnAKX3qAd6lji5N9FdKuoTjF2WM"
ALICE = User(username="alice")


def test_the_line_names_whose_it_is_and_who_wrote_it() -> None:
    wanted = addition(b"", f"{ADA} ada's laptop", ALICE)
    assert wanted.line == f"{ADA} ada-s-laptop heliosphere:alice"
    assert (wanted.add, wanted.person, wanted.last_way) == (True, ALICE, False)


def test_what_was_shown_is_what_is_written() -> None:
    shown = addition(b"", f"{ADA} ada@laptop", ALICE).line
    assert addition(b"", shown, ALICE).line == shown
    assert with_key(b"", shown) == shown.encode() + b"\n"


@pytest.mark.parametrize(
    "text",
    ["", "hello", "-----BEGIN OPENSSH PRIVATE KEY-----", f'command="x" {ADA}', f"{ADA}\n{BOB}", ADA[:40]],
)
def test_what_is_no_public_key_is_refused_in_words(text: str) -> None:
    with pytest.raises(PortalError) as refused:
        addition(b"", text, ALICE)
    assert refused.value.id == "portal:bad-input"


def test_one_that_is_there_is_not_put_there_twice() -> None:
    with pytest.raises(PortalError) as refused:
        addition(f"{ADA} old\n".encode(), ADA, ALICE)
    assert "already" in refused.value.params["reason"]


def test_hostile_names_of_people_end_no_line() -> None:
    wanted = addition(b"", ADA, User(username="al ice\n#"))
    assert len(keys((wanted.line + "\n").encode())) == 1
    assert "\n" not in wanted.line


def test_a_removal_shows_the_line_with_its_options() -> None:
    text = f'from="10.0.0.1" {ADA} ada\n{BOB} bob\n'.encode()
    print_ = keys(text)[0].fingerprint
    wanted = removal(text, print_, certificates=False)
    assert wanted.line == f'from="10.0.0.1" {ADA} ada'
    assert (wanted.add, wanted.key, wanted.last_way) == (False, ADA, False)


@pytest.mark.parametrize(("certificates", "last"), [(True, False), (False, True)])
def test_the_last_key_is_the_last_way_unless_certificates_are_taken(certificates: bool, last: bool) -> None:
    text = f"{ADA} ada\n".encode()
    assert removal(text, keys(text)[0].fingerprint, certificates=certificates).last_way is last


def test_the_same_key_twice_is_one_way_in() -> None:
    text = f"{ADA} ada\n{ADA} again\n".encode()
    assert removal(text, keys(text)[0].fingerprint, certificates=False).last_way


def test_one_that_went_meanwhile_is_said() -> None:
    with pytest.raises(PortalError):
        removal(f"{ADA}\n".encode(), "SHA256:nothing", certificates=True)
