"""Rules of the templates: fragments never extend, nothing inline that the Content-Security-Policy would refuse, no orphans."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "templates"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))
# Looked up by name by Django and allauth.
BY_CONVENTION = re.compile(r"^(account/|socialaccount/|ninja/|allauth/|admin/|40[034]\.html|500\.html)")


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_fragment_never_extends(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    if Path(name).name.startswith("_"):
        assert "{% extends" not in text


@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_inline_runs_or_styles(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=", text), "style attributes are refused by the Content-Security-Policy"
    assert not re.search(r"\son[a-z]+=[\"']", text), (
        "event attributes are refused by the Content-Security-Policy"
    )
    assert "<style" not in text.replace(
        '<style id="plotly.js-style-global" class="no-inline-styles"></style>', ""
    )
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in tag or "application/json" in tag, f"inline script: {tag}"


def test_every_template_is_used() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for top in ("portal", "allocations", "instances", "templates")
        for path in (ROOT / top).rglob("*")
        if path.suffix in {".py", ".html"} and "migrations" not in path.parts
    )
    assert [name for name in TEMPLATES if name not in code and not BY_CONVENTION.match(name)] == []
