"""People from what somebody typed, pasted or uploaded: hostile, and told of line by line."""

from hypothesis import given
from hypothesis import strategies as st

from allocations.members import sheets
from allocations.members.sheets import LONGEST, MOST, read, read_bytes


def names(text: str) -> list[str]:
    return [entry.username for entry in read(text).entries]


def test_a_list_has_a_name_per_line_or_several() -> None:
    assert names("alice\nbob, carol;dave\n\n  erin@access-ci.org ") == [
        "alice",
        "bob",
        "carol",
        "dave",
        "erin@access-ci.org",
    ]


def test_a_table_is_read_by_its_headings_in_any_order_and_with_any_separator() -> None:
    for text in (
        "Role;Username;Notes\nTA;bob;x\n",
        "role,username\nta,bob\n",
        "ROLE\tACCESS ID\nteaching assistant\tbob\n",
    ):
        (entry,) = read(text).entries
        assert (entry.username, entry.role, entry.line) == ("bob", "ta", 2)


def test_resources_of_a_line_are_those_of_that_person() -> None:
    (entry,) = read("username;resources\nbob;cpu|gpu\n").entries
    assert entry.resources == ("cpu", "gpu")


def test_what_spreadsheets_write_is_read() -> None:
    text = "username;role\r\nbob;TA\r\n"
    for data in (
        b"\xef\xbb\xbf" + text.encode(),
        text.encode("utf-16"),
        (b'"username";"role"\r\n"bob";"TA"\r\n'),
    ):
        assert [entry.username for entry in read_bytes(data).entries] == ["bob"]
    assert read_bytes("username;name\nbob;Zoë\n".encode("cp1252")).entries[0].username == "bob"


def test_each_person_once_and_the_second_line_is_told_of() -> None:
    found = read("bob\nalice\nBOB")
    assert [entry.username for entry in found.entries] == ["bob", "alice"]
    assert [(bad.line, bad.why) for bad in found.bad] == [(3, "Named on line 1 already.")]


def test_bad_lines_are_told_of_and_the_good_ones_stay() -> None:
    found = read("username,role\nbob,TA\n,member\nx y,member\n<script>,member\ncarol,emperor\ndave,\n")
    assert [entry.username for entry in found.entries] == ["bob", "dave"]
    assert [bad.line for bad in found.bad] == [3, 4, 5, 6]
    assert "emperor" in found.bad[3].why


def test_a_file_that_is_no_table_is_no_crash() -> None:
    assert read_bytes(b"\x00\xff\xfe\x89PNG\r\n\x1a\n").entries == ()
    found = read('username\n"unclosed\nbob')
    assert [entry.username for entry in found.entries] == ["bob"]
    assert [(bad.line, bad.why) for bad in found.bad] == [
        (2, "A quotation mark on this line is never closed.")
    ]
    assert read_bytes(b"x" * (LONGEST + 1)).bad[0].line == 0


def test_more_than_so_many_are_too_many() -> None:
    found = read("\n".join(f"user{number}" for number in range(MOST + 2)))
    assert len(found.entries) == MOST
    assert "too many" in found.bad[0].why


def test_what_a_preview_sends_on_is_read_as_the_same_people() -> None:
    found = read("username,role,resources\nbob,TA,cpu|gpu\ncarol,,\n")
    again = read(sheets.lines(found.entries, "member", ["cpu"]))
    assert [(e.username, e.role, e.resources) for e in again.entries] == [
        ("bob", "ta", ("cpu", "gpu")),
        ("carol", "member", ("cpu",)),
    ]


@given(st.text(max_size=400))
def test_no_text_breaks_it_and_no_name_could_be_markup_or_a_path(text: str) -> None:
    for entry in read(text).entries:
        assert not set(entry.username) & set("<>/\\\"' ;,&")
        assert entry.username == entry.username.lower()
