"""A value stays a value in the source text of three languages."""

import ast
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.commands.quoting import hcl, label, option, py, sh
from tests.instances.commands.examples import HOSTILE


def plain(text: str) -> str:
    """No program takes a NUL, and no encoding half a character."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def words_of(command: str) -> list[str]:
    """What a shell hands to a program."""
    done = subprocess.run(["bash", "-c", f"printf '%s\\0' {command}"], capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode().split("\0")[:-1]


def value_of(literal: str) -> str:
    """What HCL makes of a quoted string without templates: its own escapes, and doubled marks of templates."""
    assert literal[0] == literal[-1] == '"'
    body, said, at = literal[1:-1], "", 0
    escapes = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
    while at < len(body):
        if body.startswith(("$${", "%%{"), at):
            said, at = said + body[at + 1 : at + 3], at + 3
            continue
        assert not body.startswith(("${", "%{"), at), "a template"
        assert body[at] not in '"\n\r', "the string ends here"
        if body[at] != "\\":
            said, at = said + body[at], at + 1
            continue
        kind = body[at + 1]
        size = {"u": 4, "U": 8}.get(kind, 0)
        if size:
            said, at = said + chr(int(body[at + 2 : at + 2 + size], 16)), at + 2 + size
        else:
            said, at = said + escapes[kind], at + 2
    return said


@pytest.mark.parametrize("text", HOSTILE)
def test_a_shell_gets_one_word(text: str) -> None:
    assert words_of(sh(text, "next")) == [plain(text), "next"]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_value_of_an_option_is_never_taken_for_another_option(text: str) -> None:
    words = words_of(option("--name", text))
    assert words in (["--name", plain(text)], [f"--name={plain(text)}"])
    assert len(words) == 1 or not words[1].startswith("-")


@pytest.mark.parametrize("text", HOSTILE)
def test_python_reads_back_the_same(text: str) -> None:
    assert ast.literal_eval(py(text)) == text
    assert py(text).isascii() and "\n" not in py(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hcl_reads_back_the_same(text: str) -> None:
    assert value_of(hcl(text)) == plain(text)


@given(st.text())
def test_hcl_reads_back_whatever_it_was(text: str) -> None:
    assert value_of(hcl(text)) == plain(text)


@given(st.text(alphabet="$%{}\\\"'bfnu \b\f"))
def test_hcl_reads_back_what_looks_like_its_own_signs(text: str) -> None:
    assert value_of(hcl(text)) == text


if shutil.which("terraform"):  # no part of the development environment: its reader is asked where it is

    def test_terraform_itself_reads_back_the_same(tmp_path: Path) -> None:
        """`terraform console` works out an expression, and answers with the JSON of it as a string of its own."""
        texts = [text for text in HOSTILE if plain(text)]
        line = f"jsonencode([{', '.join(map(hcl, texts))}])\n"
        done = subprocess.run(
            ["terraform", "console"], input=line, capture_output=True, text=True, check=True, cwd=tmp_path
        )
        assert json.loads(ast.literal_eval(done.stdout.strip())) == [plain(text) for text in texts]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("blast-node", "blast_node"),
        ("1 of 2", "machine_1_of_2"),
        ("🚀", "machine"),
        ('x"; rm -rf ~ #', "x_rm_rf"),
        ("${var.x}", "var_x"),
        ("Ünïcode", "n_code"),
        ("a" * 300, "a" * 60),
    ],
)
def test_a_block_has_a_name_of_letters(name: str, expected: str) -> None:
    assert label(name, "machine") == expected
    assert re.fullmatch(r"[a-z][a-z0-9_]*", label(name, "machine"))
