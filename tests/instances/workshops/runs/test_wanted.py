"""What people ask for: commands, places in a home, patterns; and their names in archives."""

import pytest

from instances.workshops.runs.naming import distinct, folder_name, inside
from instances.workshops.runs.wanted import (
    LONGEST_COMMAND,
    Refused,
    archive_path,
    command_of,
    folder_of,
    name_of,
    patterns_of,
    shown,
    word_of,
)


def test_a_command_ends_its_lines_as_on_linux() -> None:
    assert command_of("ls\r\necho a\rb\n\n") == "ls\necho a\nb\n"


@pytest.mark.parametrize("text", ["", " \n\t", "a\0b", "x" * (LONGEST_COMMAND + 1)])
def test_what_is_no_command_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        command_of(text)


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("pip install torch", "pip"),
        ("/usr/bin/python3 -c 1", "/usr/bin/python3"),
        ("TOKEN=hunter2 curl x", ""),
        ("$(cat key)", ""),
        ("'secret' x", ""),
        ("hunter2!", ""),
        ("x" * 41, ""),
        ("", ""),
    ],
)
def test_only_a_plain_program_is_named_in_lists_and_the_trail(command: str, word: str) -> None:
    assert word_of(command) == word


@pytest.mark.parametrize(
    ("typed", "folder"),
    [("", ""), ("~", ""), ("~/", ""), ("course/data/", "course/data"), ("./a//b", "a/b"), ("~/a", "a")],
)
def test_a_folder_lies_below_the_home(typed: str, folder: str) -> None:
    assert folder_of(typed) == folder


@pytest.mark.parametrize(
    "typed",
    [
        "/etc",
        "../x",
        "a/../../b",
        "a/-rf",
        "a\nb",
        "a\u202eb",
        ".heliosphere-runs",
        "x" * 301,
        "a/" + "y" * 201,
    ],
)
def test_what_leads_out_of_it_or_hides_is_refused(typed: str) -> None:
    with pytest.raises(Refused):
        folder_of(typed)


def test_a_file_is_called_by_the_last_part_of_what_a_browser_says() -> None:
    assert name_of("C:\\Users\\ada\\plan.ipynb") == "plan.ipynb"
    for bad in ("", "..", "a/", "-rf", "a\tb"):
        with pytest.raises(Refused):
            name_of(bad)


def test_patterns_are_lines_each_once_below_the_home() -> None:
    assert patterns_of("notebooks\r\n*.ipynb\n\nnotebooks\n~/a/b-*\n.\n") == ["notebooks", "*.ipynb", "a/b-*"]
    with pytest.raises(Refused):
        patterns_of("/etc/shadow")
    with pytest.raises(Refused):
        patterns_of("\n".join(f"a{n}" for n in range(21)))


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "a\\..\\x", "C:\\x", "a\nb", "-x/y"])
def test_paths_of_a_zip_that_lead_elsewhere_are_refused(path: str) -> None:
    with pytest.raises(Refused):
        archive_path(path)
    assert archive_path("data/a b.csv") == "data/a b.csv"


def test_words_of_others_are_short_and_plain_in_ours() -> None:
    assert shown("a\x1b[2Jb") == "a\ufffd[2Jb"
    assert len(shown("x" * 200)) == 80


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("José/../../etc", "José_.._.._etc"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("..", "learner"),
        (" . ", "learner"),
        ("a\u202eb\x07c", "abc"),
        ('x<>:"|?*', "x_______"),
        ("y" * 300, "y" * 80),
    ],
)
def test_a_name_becomes_a_folder_that_unpacks_anywhere(name: str, folder: str) -> None:
    assert folder_name(name) == folder


def test_the_same_name_twice_is_two_folders_also_where_case_and_form_do_not_count() -> None:
    assert distinct(["Ada", "ada", "Ada (2)", "\u0041da"]) == ["Ada", "ada (2)", "Ada (2) (2)", "Ada (3)"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "", "./", ".."])
def test_a_learners_archive_puts_nothing_beside_their_folder(path: str) -> None:
    assert inside("Ada", path) is None


def test_what_lies_in_it_keeps_its_place_under_safe_names() -> None:
    assert inside("Ada", "./a/b c.txt") == "Ada/a/b c.txt"
    assert inside("Ada", "nul/x:y.") == "Ada/_nul/x_y"
    assert inside("Ada", "a\\b\n") == "Ada/a_b_"
