"""A database and a Redis of its own for benches that need no running portal."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def portal_in_this_process() -> Iterator[Path]:
    """Django set up on an empty, migrated SQLite database, static files collected; yields the state folder."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    from tests import settings
    from tests.conftest import OwnRedis

    redis = OwnRedis(settings.REDIS_PORT, settings.RUN_DIR)
    redis.start()
    try:
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
    finally:
        redis.stop()
