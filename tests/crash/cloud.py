"""A cloud in a directory: it keeps what it was told however its caller dies, and refuses no duplicate."""

import json
import os
import time
from pathlib import Path
from uuid import uuid4


class DirectoryCloud:
    def __init__(self, path: Path, seconds: float = 0.0) -> None:
        self.path = path
        self.seconds = seconds

    def create(self, sort: str, tag: str) -> str:
        """Make one more, as real services do when they are asked twice."""
        time.sleep(self.seconds / 2)
        name = uuid4().hex
        draft = self.path / f".{name}"
        draft.write_text(json.dumps({"sort": sort, "tag": tag}))
        os.rename(draft, self.path / f"{sort}-{name}.json")
        # Most replies that are lost are lost here: it is made, and the caller does not know.
        time.sleep(self.seconds / 2)
        return name

    def find(self, sort: str, tag: str) -> str | None:
        return next((name for name, its_tag in self.all(sort) if its_tag == tag), None)

    def all(self, sort: str) -> list[tuple[str, str]]:
        files = sorted(self.path.glob(f"{sort}-*.json"))
        return [(file.stem.removeprefix(f"{sort}-"), json.loads(file.read_text())["tag"]) for file in files]
