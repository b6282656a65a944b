"""The portal's settings for a test run: everything of its own, in a directory that is removed at the end.

Each pytest process (each xdist worker too) imports this once and gets its own database and its own Redis, which
`tests/conftest.py` starts. TEST_DATABASE_URL runs the suite on another database.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from portal.demo.state import free_port

RUN_DIR = Path(tempfile.mkdtemp(prefix="heliosphere-tests-"))
atexit.register(shutil.rmtree, RUN_DIR, ignore_errors=True)


REDIS_PORT = free_port()
os.environ.update(
    DEVELOPMENT="1",
    DJANGO_ALLOW_ASYNC_UNSAFE="",
    STATE_DIR=str(RUN_DIR),
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL", f"sqlite:///{RUN_DIR}/portal.sqlite3"),
    REDIS_URL=f"redis://127.0.0.1:{REDIS_PORT}/0",
    SITE_URL="http://testserver",
    ALLOWED_HOSTS="testserver,127.0.0.1,localhost",
    LOG_LEVEL="WARNING",
    DEFAULT_FROM_ADDRESS="portal@example.edu",
)

from portal.settings import *  # noqa: E402, F403  (reads the environment that was set above)
from portal.settings import DATABASES, STORAGES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads and processes of one test share it, with the locks that production has.
    DATABASES["default"]["TEST"] = {"NAME": str(RUN_DIR / "test.sqlite3")}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT = RUN_DIR / "static"
STATIC_ROOT.mkdir()
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
