"""What a course template asks for: named values of a few types, and how they get into a boot script. Pure.

Values are never pasted into a script: they are exported before it begins, each quoted for the shell.
"""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

Type = Literal["string", "integer", "bool", "enum"]
MOST = 40
LONGEST_VALUE = 1000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
# What a shell or the programs that it starts read for themselves.
_RESERVED = frozenset(
    {
        *(
            "path",
            "ifs",
            "home",
            "shell",
            "user",
            "env",
            "ps1",
            "ps2",
            "ps4",
            "pwd",
            "oldpwd",
            "term",
            "lang",
        ),
        *(
            "shellopts",
            "bashopts",
            "cdpath",
            "globignore",
            "prompt_command",
            "tmpdir",
            "logname",
            "uid",
            "euid",
        ),
    }
)
_RESERVED_BEGINNINGS = ("ld_", "bash", "python", "perl", "git_", "ssh_", "sudo_", "lc_")
_BEGIN = "# Values of this workshop, filled in by the portal."
_END = "# End of the values."
_SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh"})


class BadValues(ValueError):
    """What is wrong, as a sentence."""


def name_complaint(name: str) -> str:
    """Why a script cannot be given a value by this name; empty where it can."""
    if not _NAME.fullmatch(name):
        return f"“{name[:40]}” is no name: letters, digits and _, beginning with a letter, 40 at most."
    if name.lower() in _RESERVED or name.lower().startswith(_RESERVED_BEGINNINGS):
        return f"“{name}” means something to every shell already."
    return ""


class Parameter(BaseModel):
    """`options` of an enum, in order. `default`: as text, empty for none."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    type: Type = "string"
    label: Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)] = ""
    help: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    default: str = Field(default="", max_length=LONGEST_VALUE)
    options: tuple[Annotated[str, Field(max_length=200)], ...] = Field(default=(), max_length=100)
    required: bool = False

    @field_validator("name")
    @classmethod
    def _has_a_name(cls, name: str) -> str:
        if complaint := name_complaint(name):
            raise ValueError(complaint)
        return name

    @model_validator(mode="after")
    def _default_is_a_value(self) -> "Parameter":
        if self.type == "enum" and not self.options:
            raise ValueError(f"“{self.name}” is a choice of nothing.")
        if self.default and (complaint := value_complaint(self, self.default)):
            raise ValueError(f"The default of “{self.name}”: {complaint}")
        return self

    @property
    def title(self) -> str:
        return self.label or self.name.replace("_", " ").capitalize()


def value_complaint(parameter: Parameter, value: str) -> str:
    """What is wrong with this value; empty: nothing."""
    if len(value) > LONGEST_VALUE:
        return f"at most {LONGEST_VALUE:,} characters."
    if not value.isprintable():
        return "no line breaks or control characters."
    if parameter.type == "integer" and not re.fullmatch(r"-?[0-9]{1,15}", value):
        return "a whole number, such as 42."
    if parameter.type == "bool" and value not in ("true", "false"):
        return "true or false."
    if parameter.type == "enum" and value not in parameter.options:
        return f"one of {', '.join(parameter.options[:10])}."
    return ""


def fill(parameters: Sequence[Parameter], given: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The values by name, and what is wrong by name. What was not given is the default."""
    values: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for one in parameters:
        text = _text(given.get(one.name, one.default)).strip()
        if one.type == "bool":
            text = {"on": "true", "": "false", "True": "true", "False": "false"}.get(text, text)
        if not text:
            if one.required:
                wrong[one.name] = "Give a value."
            else:
                values[one.name] = ""
        elif complaint := value_complaint(one, text):
            wrong[one.name] = f"{complaint[0].upper()}{complaint[1:]}"
        else:
            values[one.name] = text
    return values, wrong


def twins(parameters: Iterable[Parameter]) -> str:
    """A name that is there twice; empty: none. Scripts tell capitals apart, people do not."""
    seen: set[str] = set()
    for one in parameters:
        if one.name.lower() in seen:
            return one.name
        seen.add(one.name.lower())
    return ""


def with_values(script: str, values: Mapping[str, str]) -> str:
    """The script with its values before it. BadValues where it is none for a shell."""
    if not values:
        return script
    first, rest = _shebang(script)
    lines = [
        f"export {name}={shlex.quote(value)}" for name, value in values.items() if not name_complaint(name)
    ]
    return "\n".join([first, _BEGIN, *lines, _END, rest])


def without_values(script: str) -> str:
    """The script as it was written."""
    before, begin, after = script.partition(f"{_BEGIN}\n")
    _, end, rest = after.partition(f"{_END}\n")
    if not begin or not end:
        return script
    # A script that had no first line of its own was given one.
    return rest if not rest.strip() else before + rest


def _shebang(script: str) -> tuple[str, str]:
    if not script.strip():
        return "#!/bin/bash", ""
    first, _, rest = script.partition("\n")
    if first.startswith("#cloud-config"):
        raise BadValues("Values can be given to a shell script, not to cloud-config.")
    if not first.startswith("#!"):
        return "#!/bin/bash", script
    words = first[2:].split()
    program = next((word for word in words if not word.endswith("/env") and not word.startswith("-")), "")
    if program.rsplit("/", 1)[-1] not in _SHELLS:
        raise BadValues(f"Values can be given to a shell script, and this one is for “{program[:40]}”.")
    return first.rstrip("\r"), rest


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else ""
