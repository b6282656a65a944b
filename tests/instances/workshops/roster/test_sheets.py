"""Class lists as learning systems, spreadsheets and people write them: hostile, and told of line by line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.workshops.roster import sheets
from instances.workshops.roster.sheets import Entry, Words, against, lines, together

WORDS = Words("ACCESS ID", re.compile(r"^(?P<name>[^@\s]+)@access-ci\.org$"))


def read(text: str) -> sheets.Sheet:
    return sheets.read(text, WORDS)


def told(text: str) -> list[tuple[int, str]]:
    return [(bad.line, bad.why) for bad in read(text).bad]


def test_a_table_is_read_by_its_headings_in_any_order_and_with_any_separator() -> None:
    wanted = Entry(2, "Ada Lovelace", "ada@example.edu", "ada")
    for text in (
        "Name,E-mail,ACCESS ID\nAda Lovelace,ada@example.edu,ada\n",
        "access id;Notes;E-Mail;name\nada;likes tea;ADA@example.edu;Ada Lovelace\n",
        "Username\tLast name\tFirst name\tEmail address\nada\tLovelace\tAda\tada@example.edu\n",
        'SIS Login ID,Student,Section,Email\nada,"Lovelace, Ada",A1,ada@example.edu\n',
    ):
        assert read(text).entries == (wanted,), text


@pytest.mark.parametrize(
    "heads",
    [
        "Nachname;Vorname;E-Mail-Adresse;Benutzername",
        "Nom;Prénom;Courriel;Identifiant",
        "Apellidos;Nombre;Correo electrónico;Usuario",
        "Cognome;Nome;Posta elettronica;Nome utente",
        "Sobrenome;Nome;E-mail;Login",
        "Achternaam;Voornaam;E-mailadres;Gebruikersnaam",
        "Efternamn;Förnamn;E-post;Login",
    ],
)
def test_headings_are_known_in_several_languages(heads: str) -> None:
    (entry,) = read(f"{heads}\nLovelace;Ada;ada@example.edu;ada\n").entries
    assert (entry.email, entry.access_id) == ("ada@example.edu", "ada")
    assert entry.name in {"Ada Lovelace", "Lovelace"}


def test_german_tables_say_name_for_the_family_name() -> None:
    (entry,) = read("Name;Vorname;E-Mail\nLovelace;Ada;ada@example.edu\n").entries
    assert entry.name == "Ada Lovelace"


def test_what_spreadsheets_write_is_read() -> None:
    text = 'name;email\r\n"Lovelace, Ada";ada@example.edu\r\nZoë Müller;zoe@example.edu\r\n'
    for data in (
        b"\xef\xbb\xbf" + text.encode(),
        text.encode("utf-16"),
        text.encode("utf-16-be").join([b"\xfe\xff", b""]),
        text.encode("cp1252"),
    ):
        found = sheets.read_bytes(data, WORDS)
        assert [entry.name for entry in found.entries] == ["Ada Lovelace", "Zoë Müller"], data[:4]
        assert not found.bad


def test_a_plain_list_has_a_person_per_line_however_it_is_written() -> None:
    found = read(
        "Ada Lovelace <ada@example.edu>\n\ngrace@example.edu\nAlan Turing, alan@example.edu\n"
        '"Hopper, Grace" <hopper@example.edu>\nada@access-ci.org\nkonrad\n'
    )
    assert [(one.name, one.email, one.access_id) for one in found.entries] == [
        ("Ada Lovelace", "ada@example.edu", ""),
        ("grace", "grace@example.edu", ""),
        ("Alan Turing", "alan@example.edu", ""),
        ("Grace Hopper", "hopper@example.edu", ""),
        ("ada", "", "ada"),
        ("konrad", "", "konrad"),
    ]
    assert [one.line for one in found.entries] == [1, 3, 4, 5, 6, 7]


def test_an_id_in_the_column_of_addresses_is_an_id() -> None:
    (entry,) = read("name,email\nAda,ada@access-ci.org\n").entries
    assert (entry.email, entry.access_id) == ("", "ada")


def test_bad_lines_are_told_of_with_the_reason_and_the_good_ones_stay() -> None:
    text = (
        "name,email,username\n"
        "Ada,ada@example.edu,\n"
        "Nobody,,\n"
        "Bert,bert at example.edu,\n"
        "Carl,,<script>\n"
        "Dora,dora@example.edu,\n"
        f"{'x' * 200},x@example.edu,\n"
    )
    assert [one.name for one in read(text).entries] == ["Ada", "Dora"]
    assert told(text) == [
        (3, "There is no e-mail address and no ACCESS ID on this line."),
        (4, "“bert at example.edu” is no e-mail address."),
        (5, "“<script>” is no ACCESS ID."),
        (7, "The name is longer than 150 letters."),
    ]


def test_each_person_once_by_address_or_by_id() -> None:
    text = "name,email,username\nAda,ada@example.edu,\nA. L.,ADA@example.edu,\nX,x@example.edu,ada\nY,,ADA\n"
    assert [one.line for one in read(text).entries] == [2, 4]
    assert told(text) == [(3, "Named on line 2 already."), (5, "Named on line 4 already.")]


def test_a_quotation_mark_that_stays_open_spoils_its_own_line_alone() -> None:
    text = 'name,email\n"Ada,ada@example.edu\nBert,bert@example.edu\n'
    assert [one.name for one in read(text).entries] == ["Bert"]
    assert told(text) == [(2, "A quotation mark on this line is never closed.")]


def test_a_cell_of_several_lines_is_one_and_those_after_it_keep_their_numbers() -> None:
    text = 'name,notes,email\nAda,"two\nlines",ada@example.edu\nBert,,bert@example.edu\n'
    assert [(one.name, one.line) for one in read(text).entries] == [("Ada", 2), ("Bert", 4)]


def test_the_size_is_bounded() -> None:
    (bad,) = sheets.read_bytes(b"a" * (sheets.LONGEST + 1), WORDS).bad
    assert "larger than 512 KiB" in bad.why
    many = "\n".join(f"p{n}@example.edu" for n in range(sheets.MOST + 2))
    found = read(many)
    assert len(found.entries) == sheets.MOST
    assert [bad.line for bad in found.bad] == [sheets.MOST + 1, sheets.MOST + 2]


def test_who_is_on_the_roster_is_told_of_and_who_was_removed_is_let_in_again() -> None:
    known = {"mail ada@example.edu": "in", "id bert": "out"}
    sheet, again = against(read("ada@example.edu\nbert\ncarl@example.edu"), known)
    assert [one.email for one in sheet.entries] == ["carl@example.edu"]
    assert [one.access_id for one in again] == ["bert"]
    assert [(bad.line, bad.why) for bad in sheet.bad] == [(1, "On the roster already.")]


def test_several_lists_are_one_without_doubles() -> None:
    found = together(read("ada@example.edu"), read("ada@example.edu\nbert@example.edu"))
    assert [one.email for one in found.entries] == ["ada@example.edu", "bert@example.edu"]
    assert len(found.bad) == 1


_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30)


@given(st.lists(_NAMES.filter(lambda name: name.strip(" ,\"'")), max_size=8))
def test_what_a_preview_sends_on_is_read_as_the_same_people(names: list[str]) -> None:
    entries = [Entry(n + 2, name, f"p{n}@example.edu") for n, name in enumerate(names)]
    found = read(lines(entries))
    assert [one.email for one in found.entries] == [one.email for one in entries]
    for one, before in zip(found.entries, entries, strict=True):
        assert "," in before.name or one.name == before.name


@given(st.binary(max_size=400))
def test_no_bytes_are_a_crash(data: bytes) -> None:
    found = sheets.read_bytes(data, WORDS)
    assert all(one.name and (one.email or one.access_id) for one in found.entries)


@given(st.text(max_size=400))
def test_no_text_is_a_crash_and_every_line_is_at_most_once_told_of(text: str) -> None:
    found = read(text)
    numbers = [one.line for one in found.entries] + [bad.line for bad in found.bad]
    assert len(numbers) == len(set(numbers))
