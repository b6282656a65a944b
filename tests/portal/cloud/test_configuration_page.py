"""docs/configuration.md tells every key with its true default, and no key that is not there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from portal.cloud import config, schema
from portal.cloud.schema import ImageRule, PortalFile, SecurityGroupPreset

PAGE = Path(__file__).resolve().parents[3] / "docs" / "configuration.md"
ROW = re.compile(r"^\| `(?P<key>\w+)` \| (?P<type>.*?) \| (?P<default>.*?) \| (?P<meaning>.*) ?\|$", re.M)
# Where the page says it in words, or once for several places.
SECTIONS = {"": "(top)"}
ONCE: dict[type[BaseModel], str] = {
    ImageRule: "Image rules: `image`, `image_exclude`",
    SecurityGroupPreset: "`clouds.<cloud>.security_group`",
    schema.SecurityRule: "`clouds.<cloud>.security_group.rules[]`",
}
Section = dict[str, dict[str, str]]


def sections() -> dict[str, Section]:
    parts = re.split(r"^###? (.+)$", PAGE.read_text(), flags=re.M)
    found = zip(parts[1::2], parts[2::2], strict=True)
    return {
        title.strip(): {row["key"]: row.groupdict() for row in ROW.finditer(text)} for title, text in found
    }


def models_in(annotation: Any) -> Iterator[tuple[type[BaseModel], str]]:
    """Models inside of a field's type, with what is added to the path: `[]` or `.<name>`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ""
        return
    origin = getattr(annotation, "__origin__", None)
    for part in get_args(annotation):
        for model, rest in models_in(part):
            yield model, ("[]" if origin is tuple else ".<>" if origin is dict else "") + rest


def walked(model: type[BaseModel], path: str, prefix: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """Each model of the schema with the heading of its section."""
    yield ONCE.get(model) or SECTIONS.get(path) or f"{prefix}`{path}`", model
    for name, field in model.model_fields.items():
        for inner, rest in models_in(field.annotation):
            key = {"clouds": "<cloud>", "region_overrides": "<region>"}.get(name, "<name>")
            below = f"{path}.{name}{rest}".replace("<>", key).strip(".")
            yield from walked(inner, below, prefix)


def expected() -> dict[str, type[BaseModel]]:
    ours = dict(walked(PortalFile, "", ""))
    theirs = dict(walked(config._CloudsYamlEntry, "clouds.<cloud>", "clouds.yaml: "))
    return ours | theirs


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "its own defaults"
    if value is None:
        return "none"
    if value == schema._exosphere_rules():
        return "Exosphere's rules"
    if value in ("", (), {}, frozenset()):
        return "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, dict):
        return ", ".join(f"`{key}: {text}`" for key, text in value.items())
    if isinstance(value, tuple):
        return ", ".join(f"`{text}`" for text in value)
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def test_the_walk_sees_the_whole_schema() -> None:
    """What is a model of the file but hangs on nothing would be documented nowhere."""
    defined = {
        kind for kind in vars(schema).values() if isinstance(kind, type) and issubclass(kind, schema.Strict)
    }
    assert defined - set(expected().values()) == {schema.Strict}


@pytest.mark.parametrize("heading", sorted(expected()))
def test_every_key_is_documented_and_nothing_else(heading: str) -> None:
    assert heading in sections(), f"docs/configuration.md lacks the section: ### {heading}"
    assert list(sections()[heading]) == list(expected()[heading].model_fields)


@pytest.mark.parametrize("heading", sorted(expected()))
def test_the_default_that_is_told_is_the_default(heading: str) -> None:
    told = {key: row["default"] for key, row in sections()[heading].items()}
    assert told == {name: default_of(field) for name, field in expected()[heading].model_fields.items()}


def test_no_section_tells_of_keys_that_do_not_exist() -> None:
    assert {title for title, rows in sections().items() if rows} == set(expected())


@pytest.mark.parametrize(
    ("heading", "key", "model", "name"),
    [
        ("`clouds.<cloud>.sign_in`", "methods", schema.SignInMethod, ""),
        ("(top)", "roles", schema.Role, ""),
        ("(top)", "vocabulary", schema.Word, ""),
    ],
)
def test_every_value_that_may_be_chosen_is_named(heading: str, key: str, model: Any, name: str) -> None:
    row = sections()[heading][key]
    named = set(re.findall(r"`([\w ]+?)`", row["type"] + row["meaning"]))
    assert set(get_args(model)) <= named


def test_the_examples_on_the_page_are_taken(tmp_path: Path) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), flags=re.S)
    portal, clouds = example.split("# clouds.yaml\n")
    (tmp_path / "portal.yaml").write_text(portal)
    (tmp_path / "clouds.yaml").write_text(clouds)
    found = config.load(tmp_path / "portal.yaml", tmp_path / "clouds.yaml")
    assert found.cloud("campus").regions == ("RegionOne",)
