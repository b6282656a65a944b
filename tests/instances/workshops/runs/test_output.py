"""What machines print is text on a page, whatever it is."""

from instances.workshops.runs.guest_side import counted, last_word, one_line, said
from instances.workshops.runs.output import TAIL_BYTES, Output, visible


def test_control_characters_are_seen_and_do_nothing() -> None:
    assert visible(b"a\x1b[2Jb\x07\x00\x7f") == "a␛[2Jb␇␀␡"
    assert visible(b"one\r\ntwo\tx\n") == "one\ntwo\tx\n"
    assert visible(b"50%\r100%") == "50%␍100%"


def test_what_turns_or_hides_text_is_named() -> None:
    assert visible("a\u202eb\u200b\u2066\ufeff\x9b".encode()) == "a⟨U+202E⟩b⟨U+200B⟩⟨U+2066⟩⟨U+FEFF⟩⟨U+009B⟩"
    assert visible("\U000e0041".encode()) == "⟨U+E0041⟩"


def test_bytes_that_are_no_text_do_not_matter() -> None:
    assert visible(b"\xff\xfe\xc3(") == "\ufffd\ufffd\ufffd("


def test_a_text_in_two_parts_is_one_unless_something_is_missing_between() -> None:
    assert Output(b"head", b"tail").parts() == ["headtail"]
    assert Output("caf\u00e9".encode()[:4], "caf\u00e9".encode()[4:]).parts() == ["caf\u00e9"]
    cut = Output(b"head", b"x" * TAIL_BYTES)
    assert cut.cut and cut.parts()[0] == "head" and len(cut.parts()) == 2
    assert Output().parts() == []
    assert Output.unpacked(cut.packed()) == cut


def test_an_answer_is_found_behind_what_a_login_prints() -> None:
    answer = said(b"Welcome!\nhelio-run done 3 5 2\nhellobye")
    assert answer is not None
    assert (answer.state, answer.exit, answer.output) == ("done", 3, Output(b"hello", b"by"))


def test_what_is_no_answer_is_none() -> None:
    for text in (b"", b"bash: sh: not found", b"helio-run done 3 5\n", b"helio-run done 3 -1 2\n"):
        assert said(text) is None


def test_an_answer_that_lies_about_its_length_gets_no_more_than_there_is() -> None:
    answer = said(b"helio-run running none 999999 999999\nabc")
    assert answer is not None and answer.exit is None
    assert answer.output == Output(b"abc", b"")


def test_last_words() -> None:
    assert last_word(b"made\nsame\nhelio-put done\n", "helio-put") == "done"
    assert last_word(b"helio-put done\nnoise", "helio-put") == ""
    assert last_word(b"helio-put <script>", "helio-put") == ""
    assert counted(b"made\nmade\nkept\nhelio-put done\n") == {"made": 2, "same": 0, "kept": 1}
    assert one_line(b"a\nsudo: \x1b[1mno\x07\n") == "sudo:  [1mno "
