"""Names as a machine has them, through URLs and forms and back; and that no name leads out of its folder."""

import re
import unicodedata
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.remote.files import paths
from instances.remote.files.paths import BadPath

RAW = st.binary(max_size=60)
PARTS = st.lists(st.sampled_from([b"", b".", b"..", b"a", b"b c", b"\xff", b"~", b"\n"]), max_size=8)


@given(RAW)
def test_any_bytes_come_back_from_their_text(name: bytes) -> None:
    assert paths.bytes_of(paths.text_of(name)) == name


@given(RAW)
def test_the_text_survives_urls_forms_and_lines(name: bytes) -> None:
    text = paths.text_of(name)
    assert parse_qs(urlencode({"path": text}), keep_blank_values=True)["path"] == [text]
    assert text.splitlines() in ([], [text])
    text.encode()


@given(st.text(max_size=60).filter(lambda text: "%" not in text))
def test_what_a_person_types_is_taken_as_it_stands(text: str) -> None:
    try:
        assert paths.bytes_of(text) == text.encode()
    except UnicodeEncodeError:
        with pytest.raises(BadPath):
            paths.bytes_of(text)


@given(RAW)
def test_what_is_shown_is_one_harmless_line(name: bytes) -> None:
    shown = paths.shown(name)
    assert not any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in shown)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f]", shown)


def test_names_that_would_look_like_others() -> None:
    assert paths.shown("gpj.\u202eexe".encode()) == "gpj.\ufffdexe"
    assert paths.shown(b"a\nb\x1b[2J\x7f") == "a␊b␛[2J␡"
    assert paths.shown(b"\xffok") == "\ufffdok"
    assert paths.shown("👩‍🔬 é".encode()) == "👩‍🔬 é"


@given(PARTS)
def test_a_path_is_normal_and_stays_so(parts: list[bytes]) -> None:
    found = paths.normal(b"/".join(parts), b"/home/ubuntu")
    assert found.startswith(b"/") and paths.normal(found) == found
    assert not {b"", b".", b".."} & set(found[1:].split(b"/")) or found == b"/"


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        (b"", b"/home/u"),
        (b"~", b"/home/u"),
        (b"~/x", b"/home/u/x"),
        (b"x/./y//z/", b"/home/u/x/y/z"),
        (b"/../../etc/../x", b"/x"),
        (b"..", b"/home"),
        (b"/~", b"/~"),
    ],
)
def test_what_people_type_as_a_path(path: bytes, normal: bytes) -> None:
    assert paths.normal(path, b"/home/u") == normal


@pytest.mark.parametrize("path", [b"/a\0b", b"/" + b"x" * 256, b"/x" * 2100])
def test_paths_that_no_machine_has_are_refused(path: bytes) -> None:
    with pytest.raises(BadPath):
        paths.normal(path)


@given(PARTS)
def test_an_upload_lands_below_its_folder_or_is_refused(parts: list[bytes]) -> None:
    relative = b"/".join(parts)
    if {b"", b".", b".."} & set(relative.split(b"/")):
        with pytest.raises(BadPath):
            paths.below(b"/data", relative)
    else:
        assert paths.below(b"/data", relative) == b"/data/" + relative
        assert paths.normal(paths.below(b"/data", relative)).startswith(b"/data/")


def test_what_a_machine_may_call_an_entry() -> None:
    assert all(paths.is_name(name) for name in (b"a", b"-rf", b"...", b"\xff", b"a\nb", b" "))
    assert not any(paths.is_name(name) for name in (b"", b".", b"..", b"a/b", b"/", b"a\0"))


@given(st.binary(min_size=1, max_size=255).filter(paths.is_name))
def test_the_unfinished_file_is_hidden_beside_its_target_and_can_be_named(name: bytes) -> None:
    part = paths.part_of(b"/data/" + name, "0" * 16)
    assert paths.parent(part) == b"/data" and paths.last(part).startswith(b".")
    assert (
        paths.is_name(paths.last(part)) and len(paths.last(part)) <= 255 and part.endswith(paths.PART_ENDING)
    )


def test_two_long_names_have_two_unfinished_files() -> None:
    one, other = (paths.part_of(b"/d/" + b"x" * 254 + end, "0" * 16) for end in (b"1", b"2"))
    assert one != other
    assert paths.part_of(b"/d/a", "0" * 16) != paths.part_of(b"/d/a", "1" * 16)


@pytest.mark.parametrize("mark", ["", "../x", "0" * 15, "0" * 17, "G" * 16, "0" * 15 + "\n"])
def test_marks_that_are_none(mark: str) -> None:
    with pytest.raises(BadPath):
        paths.part_of(b"/d/a", mark)


def test_going_up_and_down() -> None:
    assert (paths.parent(b"/"), paths.parent(b"/a"), paths.parent(b"/a/b")) == (b"/", b"/", b"/a")
    assert (paths.last(b"/"), paths.last(b"/a/b")) == (b"", b"b")
    assert (paths.join(b"/"), paths.join(b"/", b"a"), paths.join(b"/a", b"b", b"c")) == (
        b"/",
        b"/a",
        b"/a/b/c",
    )
    assert paths.crumbs(b"/a/\xff") == [("/", b"/"), ("a", b"/a"), ("\ufffd", b"/a/\xff")]
    assert paths.crumbs(b"/") == [("/", b"/")]


@given(RAW)
def test_a_name_for_a_persons_own_disk_has_no_place_in_it(name: bytes) -> None:
    assert not set(paths.for_disk(name)) & set('/\\:*?"<>|\r\n\0') and paths.for_disk(name)
