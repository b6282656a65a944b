"""Third-party files for browsers: layered style, a sheet of icons, Plotly's rules, and nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from portal.core.management.commands import vendor

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" stroke="currentColor">'
    '<path stroke="none" d="M0 0h24v24H0z" fill="none"/><path d="M7 4v16"/></svg>'
)
PLOTLY = (
    'x;var r={"X,X div":\'font-family:"Open Sans";margin:0;\',"X .a":"top:0;",Y:"right:1px;","Y p":"c:d;"};y'
)
WANTED: dict[str, Any] = {
    "styles": {"t.css": "t/t.css"},
    "scripts": {"plotly.js": "p/p.js"},
    "icons": ["play"],
}


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    files = {
        "t/t.css": '@charset "UTF-8";.a{b:c}/*# sourceMappingURL=t.css.map */',
        "p/p.js": PLOTLY + "\n//# sourceMappingURL=p.js.map",
        "@tabler/icons/icons/outline/play.svg": ICON,
        ".package-lock.json": json.dumps(
            {"packages": {"node_modules/@tabler/core": {"version": "1.2", "license": "MIT"}}}
        ),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_style_is_in_a_layer_so_that_ours_wins(modules: Path) -> None:
    assert vendor.build(modules, WANTED)["t.css"] == "@layer vendor{.a{b:c}}\n"


def test_no_file_points_to_a_map_that_is_not_served(modules: Path) -> None:
    assert not any("sourceMappingURL" in text for text in vendor.build(modules, WANTED).values())


def test_icons_become_symbols_of_one_sheet(modules: Path) -> None:
    sheet = vendor.build(modules, WANTED)["icons.svg"]
    assert '<symbol id="play" viewBox="0 0 24 24">' in sheet
    assert "M7 4v16" in sheet
    assert "M0 0h24v24H0z" not in sheet


def test_plotlys_rules_become_a_file(modules: Path) -> None:
    css = vendor.build(modules, WANTED)["plotly.css"]
    assert '.js-plotly-plot .plotly,.js-plotly-plot .plotly div{font-family:"Open Sans";margin:0;}' in css
    assert ".plotly-notifier{right:1px;}" in css
    assert ".plotly-notifier p{c:d;}" in css
    assert "X" not in css


def test_a_plotly_that_keeps_its_rules_elsewhere_is_noticed() -> None:
    with pytest.raises(CommandError, match="addStyleRule"):
        vendor.plotly_css("var r={};")


def test_licences_are_listed_and_their_texts_travel(modules: Path) -> None:
    assert vendor.build(modules, WANTED)["LICENCES.txt"] == "@tabler/core 1.2: MIT\n"
    (modules / "@tabler/core").mkdir()
    (modules / "@tabler/core/LICENSE").write_text("Permission is granted")
    text = vendor.build(modules, WANTED)["LICENCES.txt"]
    assert text == "@tabler/core 1.2: MIT\n\n--- @tabler/core\n\nPermission is granted"


def test_a_folder_of_modules_keeps_its_shape(modules: Path) -> None:
    for name in ("core/a.js", "core/deep/b.js", "docs/page.html", "LICENSE"):
        (modules / "n/n" / name).parent.mkdir(parents=True, exist_ok=True)
        (modules / "n/n" / name).write_text(name)
    folders = {"n": {"package": "n/n", "files": ["core/**/*.js", "LICENSE"]}}
    files = vendor.build(modules, {**WANTED, "folders": folders})
    assert {name for name in files if name.startswith("n/")} == {
        "n/core/a.js",
        "n/core/deep/b.js",
        "n/LICENSE",
    }
    with pytest.raises(CommandError, match="more"):
        vendor.build(modules, {**WANTED, "folders": {"n": {"package": "n/n", "files": ["more/*.js"]}}})


def test_what_is_no_longer_wanted_goes_and_its_folder_too(
    modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = modules / "root"
    (root / "static/vendor/old/deep").mkdir(parents=True)
    (root / "static/vendor/old/deep/gone.js").write_text("gone")
    (root / "static/vendor.json").write_text(
        json.dumps(WANTED | {"scripts": {"x/plotly.js": "p/p.js", **WANTED["scripts"]}})
    )
    (root / "static/node_modules").symlink_to(modules)
    monkeypatch.setattr(settings, "BASE_DIR", root)
    call_command("vendor")
    assert (root / "static/vendor/x/plotly.js").is_file()
    assert not (root / "static/vendor/old").exists()


def test_a_missing_file_is_named_with_what_to_do(modules: Path) -> None:
    with pytest.raises(CommandError, match="npm ci"):
        vendor.build(modules, {**WANTED, "icons": ["no-such-icon"]})


def test_without_npm_ci_the_command_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)
    with pytest.raises(CommandError, match="npm ci"):
        call_command("vendor")


def test_every_icon_that_templates_use_is_in_the_list() -> None:
    root = Path(settings.BASE_DIR)
    listed = set(json.loads((root / "static/vendor.json").read_text())["icons"])
    used = set()
    for template in (root / "templates").rglob("*.html"):
        used |= set(re.findall(r'{% icon "([a-z0-9-]+)"', template.read_text()))
        used |= set(re.findall(r'empty_icon="([a-z0-9-]+)"', template.read_text()))
    assert used - listed == set()
