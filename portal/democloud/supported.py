"""Writes SUPPORTED.md, every call that the demo cloud answers; `--check` compares only."""

from __future__ import annotations

import sys
from pathlib import Path

from portal.democloud import control, guest_trouble, guest_wire, services
from portal.democloud.microversions import MAXIMUM, MINIMUM
from portal.democloud.nova_actions import ACTIONS

PATH = Path(__file__).with_name("SUPPORTED.md")


def _purpose(handler: object) -> str:
    text = (getattr(handler, "__doc__", None) or "").strip().splitlines()
    return text[0].replace("|", "\\|") if text else ""


def text() -> str:
    lines = [
        "# What the demo cloud answers",
        "",
        "Generated from the routes by `python -m portal.democloud.supported`. Any other call answers 501",
        f"with its name. Nova speaks microversions 2.{MINIMUM} to 2.{MAXIMUM}.",
    ]
    for service, table in services.tables().items():
        if service in ("_control", "vnc_auto.html"):
            continue
        lines += ["", f"## /{service}", "", "| method | path | |", "| --- | --- | --- |"]
        for route in table:
            method = " ".join(sorted((route.methods or set()) - {"HEAD"}))
            lines.append(f"| {method} | `{route.path}` | {_purpose(route.endpoint)} |")
    lines += ["", "## Actions of `POST /v2.1/servers/{server_id}/action`", ""]
    lines += [f"- `{name}`" for name in sorted(ACTIONS)]
    lines += ["", "## Control", "", (control.__doc__ or "").strip(), ""]
    lines += ["## Connections into a machine", "", (guest_wire.__doc__ or "").strip(), ""]
    lines += ["## Days that go wrong inside a machine", "", (guest_trouble.__doc__ or "").strip(), ""]
    for title, kinds in (("ssh", guest_trouble.SSH), ("vnc", guest_trouble.VNC)):
        lines += [f"- `{title}` = `{name}`: {words}" for name, words in kinds.items() if name]
    lines += [f"- {line}" for line in guest_trouble.OTHERS] + [""]
    return "\n".join(lines)


def main() -> int:
    if "--check" in sys.argv[1:]:
        return 0 if PATH.read_text() == text() else 1
    PATH.write_text(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
