"""A second cloud beside the first: what the two configurations become together, and who signs in there."""

from pathlib import Path
from typing import Any

import yaml

NAME = "campus"
# Who of the demo's people has which account there, all with the password `demo`.
ACCOUNTS = {"alice": "amoreau", "bob": "bokafor"}


def join_configuration(first: Path, second: Path, folder: Path) -> Path:
    """Both folders' clouds in one configuration in `folder`; everything else is the first's."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("portal.yaml", "clouds.yaml"):
        content, more = _read(first / name), _read(second / name)
        content["clouds"] = {**content["clouds"], **more["clouds"]}
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), "utf-8")
    return folder


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found
