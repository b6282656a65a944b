"""How a snippet is run: a shell with a client, or Python in this process."""

import contextlib
import io
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Shell:
    """`openstack` is the client's own program. `folder` has clouds.yaml and the files that commands name."""

    folder: Path
    openstack: Path
    kind: str = "cli"

    def run(self, text: str) -> str:
        done = subprocess.run(
            ["bash", "-e", "-c", text],
            cwd=self.folder,
            env={
                "PATH": f"{self.openstack.parent}:/usr/bin:/bin",
                "HOME": str(self.folder),
                "OS_CLIENT_CONFIG_FILE": str(self.folder / "clouds.yaml"),
                "PYTHONWARNINGS": "ignore",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@dataclass
class Python:
    folder: Path
    kind: str = "sdk"

    def run(self, text: str) -> str:
        said = io.StringIO()
        before = os.environ.get("OS_CLIENT_CONFIG_FILE")
        os.environ["OS_CLIENT_CONFIG_FILE"] = str(self.folder / "clouds.yaml")
        try:
            with contextlib.redirect_stdout(said), contextlib.chdir(self.folder):
                exec(compile(text, "snippet", "exec"), {})
        finally:
            if before is None:
                del os.environ["OS_CLIENT_CONFIG_FILE"]
            else:
                os.environ["OS_CLIENT_CONFIG_FILE"] = before
        return said.getvalue()
