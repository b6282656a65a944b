"""CACAO's files (`.cacao/metadata.json`, `ui.json`) as a course: parameters as far as they go, and what cannot be had. Pure.

Both files are hostile input: bounded in size, depth and number, and every value is checked before it is used. Nothing in
them is ever run: Terraform and Ansible are what such a template does, and neither runs here.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from instances.workshops.courses.parameters import LONGEST_VALUE, MOST, Parameter, name_complaint

LONGEST = 256 * 1024
DEEPEST = 12
_MOST_OPTIONS = 100
_WORD = 120
_TYPES = {"string": "string", "integer": "integer", "int": "integer", "bool": "bool", "boolean": "bool"}
# Parameters that a workshop has a field of its own for; which, in words.
_OURS = {
    "cacao_provider_project": "the allocation",
    "cacao_provider_region": "the region of the allocation",
    "cacao_provider_image": "the image",
    "cacao_provider_image_name": "the image",
    "cacao_provider_flavor": "the size",
    "cacao_username": "the learner's login name",
    "cacao_username_unix": "the learner's login name",
    "cacao_cloud_init": "the boot script",
}
_NOT_NEEDED = {
    "cacao_provider_key_pair": "keys are not needed: learners and helpers come in through the portal",
    "cacao_ssh_key": "keys are not needed: learners and helpers come in through the portal",
    "cacao_user_ssh_key_all_json": "keys are not needed: learners and helpers come in through the portal",
    "cacao_white_list_cidr_json": "machines take connections from the portal alone, so that there is nothing to let in",
    "cacao_provider_external_network": "seats have no public address",
    "cacao_provider_external_subnet": "seats have no public address",
}
# Names that mean something by themselves, whatever their type.
_BY_NAME = {
    "instance_name": "machines are named after the workshop",
    "power_state": "the clock of the workshop starts machines and puts them away",
}
_COUNTS = (
    "instance_count",
    "vm_count",
    "num_instances",
    "number_of_instances",
    "num_students",
    "learner_count",
)


class NotCacao(ValueError):
    """What is wrong with the files, as a sentence."""


@dataclass(frozen=True, slots=True)
class Course:
    """`first`: fields of the form that the files fill in. `cannot`: sentences; `mapped`: what became of which parameter."""

    title: str
    summary: str
    parameters: tuple[Parameter, ...]
    first: Mapping[str, Any] = field(default_factory=dict)
    mapped: tuple[str, ...] = ()
    cannot: tuple[str, ...] = ()


def read(metadata: str, ui: str = "") -> Course:
    """NotCacao where it is no template of theirs."""
    told = _object(metadata, "metadata.json")
    shown = _fields(_object(ui, "ui.json")) if ui.strip() else {}
    rows = told.get("parameters", [])
    if "template_type" not in told and "schema_version" not in told and "parameters" not in told:
        raise NotCacao("It has neither a template_type nor parameters.")
    if not isinstance(rows, list):
        raise NotCacao("Its parameters are no list.")
    if len(rows) > MOST * 3:
        raise NotCacao(f"It has {len(rows)} parameters; at most {MOST * 3} are read.")
    kept, mapped, cannot = _sort([_row(row, place) for place, row in enumerate(rows, start=1)], shown)
    if len(kept) > MOST:
        raise NotCacao(f"It asks for {len(kept)} values; a template here has {MOST} at most.")
    return Course(
        title=_text(told.get("name"), _WORD) or "From CACAO",
        summary=_text(told.get("description"), 2000),
        parameters=tuple(_in_order(kept, shown)),
        first=_first(rows),
        mapped=tuple(mapped),
        cannot=(*_of_kind(told), *cannot),
    )


def _object(text: str, name: str) -> dict[str, Any]:
    if len(text) > LONGEST:
        raise NotCacao(f"{name} is longer than {LONGEST // 1024} KiB.")
    try:
        found = json.loads(
            text.removeprefix("\ufeff"), object_pairs_hook=_no_twins, parse_constant=_no_constant
        )
    except RecursionError:
        raise NotCacao(f"{name} is nested too deep.") from None
    except NotCacao as wrong:
        raise NotCacao(f"{name}: {wrong}") from None
    except ValueError:
        raise NotCacao(f"{name} is no JSON.") from None
    if not isinstance(found, dict):
        raise NotCacao(f"{name} is no JSON object.")
    if _depth(found) > DEEPEST:
        raise NotCacao(f"{name} is nested too deep.")
    return found


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotCacao("a name stands there twice in one object.")
    return found


def _no_constant(name: str) -> None:
    raise NotCacao(f"{name} is no number.")


def _depth(value: Any, at: int = 1) -> int:
    """Stops where it is too deep already."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if at > DEEPEST:
        return at
    return max((_depth(one, at + 1) for one in inner if isinstance(one, dict | list)), default=at)


def _row(row: Any, place: int) -> dict[str, Any]:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not row["name"].strip():
        raise NotCacao(f"Parameter {place} has no name.")
    return row


def _sort(
    rows: Sequence[dict[str, Any]], shown: Mapping[str, "_Field"]
) -> tuple[list[Parameter], list[str], list[str]]:
    """Values that a script gets, what a workshop has itself, and what cannot be had."""
    kept: list[Parameter] = []
    mapped, cannot, seen = [], [], set()
    for row in rows:
        name, kind = row["name"].strip(), _text(row.get("type"), _WORD) or "string"
        if name.lower() in seen:
            raise NotCacao(f"Two parameters are called “{name[:40]}”.")
        seen.add(name.lower())
        if kind in _OURS:
            mapped.append(f"{name[:60]}: {_OURS[kind]}")
        elif kind in _NOT_NEEDED:
            mapped.append(f"{name[:60]}: {_NOT_NEEDED[kind]}")
        elif name in _BY_NAME:
            mapped.append(f"{name}: {_BY_NAME[name]}")
        elif name in _COUNTS:
            mapped.append(f"{name}: the number of seats")
        elif kind in _TYPES:
            made = _parameter(row, name, kind, shown.get(name))
            if isinstance(made, Parameter):
                kept.append(made)
            else:
                cannot.append(made)
        else:
            cannot.append(
                f"Parameter “{name[:60]}” is of the type “{kind[:60]}”, which nothing here stands for."
            )
    return kept, mapped, cannot


def _parameter(row: Mapping[str, Any], name: str, kind: str, said: "_Field | None") -> Parameter | str:
    """The parameter, or why it cannot be one."""
    if complaint := name_complaint(name):
        return f"Parameter “{name[:60]}” cannot be given to a script: {complaint}"
    options = _options(row.get("enum"))
    if options is None:
        return f"Parameter “{name[:60]}” has choices that are no plain values."
    try:
        return Parameter.model_validate(
            {
                "name": name,
                "type": "enum" if options else _TYPES[kind],
                "label": (said.label if said else "") or "",
                "help": (said.help if said else "") or _text(row.get("description"), 500),
                "default": _plain(row.get("default")) or "",
                "options": options,
                "required": row.get("required") is True,
            }
        )
    except ValidationError as error:
        reason = str(error.errors(include_url=False, include_input=False)[0]["msg"])
        return f"Parameter “{name[:60]}” cannot be taken over: {reason.removeprefix('Value error, ')}"


def _options(given: Any) -> tuple[str, ...] | None:
    if given is None or given == []:
        return ()
    if not isinstance(given, list) or len(given) > _MOST_OPTIONS:
        return None
    found = [_plain(one) for one in given]
    return None if None in found else tuple(text for text in found if text is not None)


def _plain(value: Any) -> str | None:
    """A default or a choice as text; None for what is no plain value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        text = str(value)
        return text if len(text) <= LONGEST_VALUE else None
    if isinstance(value, float):
        return f"{value:g}"
    return None


def _text(value: Any, most: int) -> str:
    """One line of a text, without what could not be printed."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in value[: most * 4]).split())[
        :most
    ]


@dataclass(frozen=True, slots=True)
class _Field:
    """What ui.json says of one parameter. `place`: where it stands among all."""

    place: int
    label: str
    help: str


def _fields(ui: Mapping[str, Any]) -> dict[str, _Field]:
    """Fields of all steps, in order; a row holds further items."""
    found: dict[str, _Field] = {}
    steps = ui.get("steps", [])
    for step in steps if isinstance(steps, list) else []:
        for item in _items(step):
            name = item.get("name")
            if isinstance(name, str) and name not in found and len(found) < MOST * 3:
                label, help_text = _text(item.get("ui_label"), _WORD), _text(item.get("help_text"), 500)
                found[name] = _Field(len(found), label, help_text)
    return found


def _items(step: Any) -> Iterator[dict[str, Any]]:
    items = step.get("items", []) if isinstance(step, dict) else []
    for item in items if isinstance(items, list) else []:
        if not isinstance(item, dict):
            continue
        if isinstance(item.get("items"), list):
            yield from _items(item)
        else:
            yield item


def _in_order(kept: Sequence[Parameter], shown: Mapping[str, _Field]) -> list[Parameter]:
    """As the UI has them; those that it does not show come last, as the file has them."""
    return sorted(kept, key=lambda one: shown[one.name].place if one.name in shown else len(shown))


def _first(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Defaults of what a workshop has fields for: names that are looked up at the cloud later."""
    wanted = {
        "cacao_provider_image_name": "image_name",
        "cacao_provider_image": "image_name",
        "cacao_provider_flavor": "flavor_name",
    }
    found: dict[str, Any] = {}
    for row in rows:
        name, default = wanted.get(str(row.get("type"))), row.get("default")
        if name and isinstance(default, str) and default.strip():
            found.setdefault(name, _text(default, 255))
    return found


def _of_kind(told: Mapping[str, Any]) -> Iterator[str]:
    """What such a template does, and this portal does not."""
    kind = _text(told.get("template_type"), 60)
    if "terraform" in kind or not kind:
        yield (
            "Its Terraform is not run: each seat is one machine of the chosen image and size. Networks, volumes, "
            "public addresses and further machines that it would make are not made."
        )
    else:
        yield f"Templates of the type “{kind}” are not run: each seat is one machine of the chosen image and size."
    yield "Its Ansible is not run: what it installs has to be in the image, or in the boot script."
    purpose = _text(told.get("purpose"), 60)
    if purpose and purpose not in ("openstack_compute", "compute"):
        yield f"It is for “{purpose}”; here it makes plain machines."
    for name, words in (("cacao_pre_tasks", "before"), ("cacao_post_tasks", "after")):
        if told.get(name):
            yield f"The tasks that it has {words} its run are not done."
    if told.get("filters"):
        yield "Its filters of images and sizes are not applied: choose what fits."
