"""Copy the third-party files for browsers out of static/node_modules, as static/vendor.json lists them."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

_SVG = "http://www.w3.org/2000/svg"
_MAP = re.compile(r"/[/*]#\s*sourceMappingURL=\S+(?:\s*\*/)?")
_PLOTLY_RULES = re.compile(r'=(\{"X,X div":.*?\})[;,]')
_RULE = re.compile(r"""(?:"([^"]+)"|(\w+)):(?:"([^"]*)"|'([^']*)')""")
_CHARSET = '@charset "UTF-8";'


class Command(BaseCommand):
    help = (
        "Copy third-party files for the browser from static/node_modules (made by `npm ci`) to static/vendor."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        static = settings.BASE_DIR / "static"
        modules = static / "node_modules"
        if not modules.is_dir():
            raise CommandError(f"{modules} is missing. Run `npm ci --ignore-scripts` in {static} first.")
        wanted = json.loads((static / "vendor.json").read_text(encoding="utf-8"))
        files = build(modules, wanted)
        target = static / "vendor"
        target.mkdir(exist_ok=True)
        for name, text in files.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_text(text, encoding="utf-8")
        _remove_others(target, set(files))
        self.stdout.write(f"{len(files)} files in {target}")


def build(modules: Path, wanted: dict[str, Any]) -> dict[str, str]:
    """The files of static/vendor, by name."""
    files = {name: layered(_text(modules / path)) for name, path in wanted["styles"].items()}
    files |= {name: _MAP.sub("", _text(modules / path)) for name, path in wanted["scripts"].items()}
    for name, folder in wanted.get("folders", {}).items():
        files |= _folder(name, modules / folder["package"], folder["files"])
    files["plotly.css"] = plotly_css(files["plotly.js"])
    icons = modules / "@tabler/icons/icons/outline"
    files["icons.svg"] = sheet({name: _text(icons / f"{name}.svg") for name in wanted["icons"]})
    files["LICENCES.txt"] = _licences(modules)
    return files


def _folder(name: str, package: Path, patterns: list[str]) -> dict[str, str]:
    """A package of modules that import each other by relative paths, as it is, with its licences."""
    files: dict[str, str] = {}
    for pattern in patterns:
        found = sorted(path for path in package.glob(pattern) if path.is_file())
        if not found:
            raise CommandError(
                f"{package / pattern} is missing. Run `npm ci` in static/, or correct vendor.json."
            )
        files |= {f"{name}/{path.relative_to(package)}": _text(path) for path in found}
    return files


def _remove_others(target: Path, names: set[str]) -> None:
    # The deepest first: a folder that is left empty goes after its files.
    for path in sorted(target.rglob("*"), key=lambda path: len(path.parts), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif str(path.relative_to(target)) not in names:
            path.unlink()


def layered(css: str) -> str:
    """The style sheet inside a cascade layer, so that each of our rules wins whatever its specificity."""
    return f"@layer vendor{{{_MAP.sub('', css).replace(_CHARSET, '')}}}\n"


def plotly_css(script: str) -> str:
    """The rules that Plotly would insert by script, which our Content-Security-Policy forbids.

    Plotly leaves it where an element `plotly.js-style-global` has class `no-inline-styles`: our link.
    """
    found = _PLOTLY_RULES.search(script)
    if found is None:
        raise CommandError("plotly.js has its style rules elsewhere now: see how it calls addStyleRule.")
    lines = []
    for quoted, bare, double, single in _RULE.findall(found[1]):
        selector = (quoted or bare).replace("X", ".js-plotly-plot .plotly").replace("Y", ".plotly-notifier")
        lines.append(f"{selector}{{{double or single}}}\n")
    return "".join(lines)


def sheet(icons: dict[str, str]) -> str:
    """One SVG whose symbols are the icons: `<use href="icons.svg#name">`."""
    ET.register_namespace("", _SVG)
    root = ET.Element(f"{{{_SVG}}}svg")
    for name, text in sorted(icons.items()):
        drawing = ET.fromstring(text)  # noqa: S314 a file of the package pinned in package-lock.json
        symbol = ET.SubElement(
            root, f"{{{_SVG}}}symbol", {"id": name, "viewBox": drawing.get("viewBox", "0 0 24 24")}
        )
        symbol.extend(shape for shape in drawing if shape.get("stroke") != "none")
    return ET.tostring(root, encoding="unicode")


def _licences(modules: Path) -> str:
    lock = json.loads(_text(modules / ".package-lock.json"))["packages"]
    lines, texts = [], []
    for path, package in sorted(lock.items()):
        name = path.removeprefix("node_modules/")
        lines.append(f"{name} {package['version']}: {package.get('license', 'unknown')}\n")
        texts += [f"\n--- {name}\n\n{_text(file)}" for file in sorted((modules / name).glob("LICENSE*"))]
    return "".join(lines + texts)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CommandError(
            f"{path} is missing. Run `npm ci` in static/, or correct static/vendor.json."
        ) from None
