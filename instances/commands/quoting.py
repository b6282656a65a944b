"""Values in the source text of a shell, of Python and of HCL: whatever stands in them stays a value. Pure."""

import json
import re
import shlex


def sh(*words: str) -> str:
    """Words of a command for POSIX shells."""
    return " ".join(map(shlex.quote, map(_plain, words)))


def option(name: str, value: str) -> str:
    """`--name value`; in one word where the value begins with a hyphen and would be taken for an option."""
    value = _plain(value)
    return sh(f"{name}={value}") if value.startswith("-") else sh(name, value)


def py(value: object) -> str:
    """A literal of Python that reads the same in any editor: what is not printable ASCII is escaped."""
    return ascii(value)


def hcl(value: str) -> str:
    """A string of HCL. Templates (`${`, `%{`) are escaped, and what JSON escapes HCL escapes alike."""
    quoted = json.dumps(_plain(value), ensure_ascii=False)
    quoted = "".join(letter if letter.isprintable() else _hex(letter) for letter in quoted)
    quoted = _NOT_IN_HCL.sub(_spelt_out, quoted)
    return quoted.replace("${", "$${").replace("%{", "%%{")


# JSON has two escapes that HCL has not; an even number of backslashes before one is backslashes, and no escape.
_NOT_IN_HCL = re.compile(r"(?<!\\)((?:\\\\)*)\\([bf])")
_HCL_CONTROLS = {"b": "\\u0008", "f": "\\u000c"}


def _spelt_out(found: re.Match[str]) -> str:
    return found.group(1) + _HCL_CONTROLS[found.group(2)]


def _hex(letter: str) -> str:
    code = ord(letter)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def label(name: str, fallback: str) -> str:
    """The name of a block of HCL: letters, digits and underscores."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower(), flags=re.ASCII).strip("_")[:60].rstrip("_")
    if not plain:
        return fallback
    return plain if plain[0].isalpha() else f"{fallback}_{plain}"


def _plain(text: str) -> str:
    """No program takes a NUL in a word, and no encoding half a character."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()
