"""Reading and changing `authorized_keys`: hostile, and precious."""

import subprocess
from pathlib import Path

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.remote.authorized_keys import LONGEST, Unreadable, checked, digest, keys, with_key, without

ADA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH5le2D7iLis0Pc6JnAKX3qAd6lji5N9FdKuoTjF2WM"
BOB = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH6le2D7iLis0Pc6JnAKX3qAd6lji5N9FdKuoTjF2WM"
FILE = f"""# my keys
{ADA} ada@laptop

from="10.0.0.0/8,*.example",command="echo \\"ssh-ed25519 AAAA\\" # no" {BOB} bob with blanks
garbage that is no key
ssh-ed25519 tooshort x
""".encode()


def test_each_key_is_found_with_its_comment_and_options() -> None:
    ada, bob = keys(FILE)
    assert (ada.key, ada.comment, ada.options) == (ADA, "ada@laptop", "")
    assert (bob.key, bob.comment) == (BOB, "bob with blanks")
    assert bob.options.startswith('from="10.0.0.0/8')


def test_the_fingerprint_is_the_one_that_ssh_keygen_prints(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(FILE)
    printed = subprocess.run(
        ["ssh-keygen", "-lf", tmp_path / "keys"], capture_output=True, text=True, check=False
    )
    assert all(key.fingerprint in printed.stdout for key in keys(FILE))


def test_a_key_is_added_at_the_end_and_nothing_else_changes() -> None:
    line = f"{asyncssh_key()} new"
    assert with_key(FILE, line) == FILE + line.encode() + b"\n"
    assert with_key(FILE.rstrip(b"\n"), line) == FILE + line.encode() + b"\n"
    assert with_key(b"", line) == line.encode() + b"\n"


def asyncssh_key() -> str:
    made = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    return " ".join(made.export_public_key("openssh").decode().split()[:2])


def test_one_that_is_there_is_not_added_again() -> None:
    assert with_key(FILE, f"{BOB} other words") == FILE


@pytest.mark.parametrize("line", ["", "# x", "hello", f"{ADA}\n{BOB}", f"{ADA} x\ry", "ssh-ed25519 AAAA"])
def test_what_is_no_line_of_a_key_is_never_written(line: str) -> None:
    with pytest.raises(ValueError, match="not a line"):
        with_key(FILE, line)


def test_a_key_goes_with_its_options_and_every_other_byte_stays() -> None:
    gone = without(FILE, BOB)
    assert [key.key for key in keys(gone)] == [ADA]
    assert gone == b"\n".join(line for line in FILE.split(b"\n") if b"from=" not in line)
    assert without(FILE, ADA).count(b"\n") == FILE.count(b"\n") - 1


def test_a_key_that_is_mentioned_in_somebodys_options_is_not_that_key() -> None:
    line = f'command="echo {ADA}" {BOB} x\n'.encode()
    assert [key.key for key in keys(line)] == [BOB]
    assert without(line, ADA) == line


def test_a_key_whose_name_and_body_differ_opens_nothing() -> None:
    assert keys(ADA.replace("ssh-ed25519 ", "ssh-rsa ").encode()) == []


@pytest.mark.parametrize("text", [b"\0", b"x" * (LONGEST + 1)])
def test_what_should_not_be_touched_is_said(text: bytes) -> None:
    with pytest.raises(Unreadable):
        checked(text)
    with pytest.raises(Unreadable):
        with_key(text, ADA)
    with pytest.raises(Unreadable):
        without(text, ADA)


def test_windows_line_ends_are_kept() -> None:
    text = f"{ADA} a\r\n{BOB} b\r\n".encode()
    assert [key.comment for key in keys(text)] == ["a", "b"]
    assert without(text, ADA) == f"{BOB} b\r\n".encode()


@given(st.binary(max_size=4000))
def test_nothing_that_a_machine_sends_breaks_it(text: bytes) -> None:
    for key in keys(text):
        assert key.comment.isprintable() and key.options.isprintable()
        assert len(key.comment) <= 200


lines = st.lists(
    st.one_of(
        st.sampled_from(
            [FILE, ADA.encode(), BOB.encode() + b" c", b"# x", b"", b'from="a b" ' + BOB.encode()]
        ),
        st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"").replace(b"\0", b"")),
    )
).map(b"\n".join)


@given(lines)
def test_adding_and_taking_away_leaves_all_other_lines(text: bytes) -> None:
    new = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH7le2D7iLis0Pc6JnAKX3qAd6lji5N9FdKuoTjF2WM"
    more = with_key(text, new)
    assert [key.key for key in keys(more)] == [*[key.key for key in keys(text)], new]
    back = without(more, new)
    assert back.rstrip(b"\n") == text.rstrip(b"\n")
    left = without(text, ADA)
    assert ADA not in [key.key for key in keys(left)]
    kept = [line for line in text.split(b"\n") if not any(key.key == ADA for key in keys(line))]
    assert left.split(b"\n") == kept or (left, kept) == (b"", [])


@given(st.binary(), st.binary())
def test_a_digest_is_of_one_text(one: bytes, other: bytes) -> None:
    assert (digest(one) == digest(other)) is (one == other)
