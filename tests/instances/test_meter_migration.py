"""Entries of before the exact ledger stay what they are, and are found by day and by person."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings


def test_entries_of_before_stay_valid(tmp_path: Path) -> None:
    """On a database of its own: tests make theirs without migrations."""
    env = {
        **os.environ,
        "DEVELOPMENT": "1",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "STATE_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/old.sqlite3",
    }
    command = [sys.executable, "-m", "tests.instances.ledger_migration"]
    done = subprocess.run(
        command, env=env, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
