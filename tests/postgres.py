"""A throw-away PostgreSQL of its own: `python -m tests.postgres COMMAND…` runs COMMAND with TEST_DATABASE_URL pointing at it."""

import contextlib
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from portal.demo.state import free_port


class PostgresMissing(Exception):
    pass


def binaries() -> Path:
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(path.split("/")[4]))
    if found:
        return Path(found[-1])
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    raise PostgresMissing("PostgreSQL is not installed: apt-get install postgresql")


@contextlib.contextmanager
def server(*, password: str = "heliosphere", database: str = "heliosphere", port: int = 0) -> Iterator[str]:
    """The URL of a running, empty database; the server and its files are gone afterwards."""
    programs = binaries()
    # PostgreSQL refuses to run as root, so there it runs as the account that Debian's package made.
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="helio-pg-"))
    port = port or free_port()
    secret = folder / "password"
    secret.write_text(password)
    if user:
        account = pwd.getpwnam(user)
        for path in (folder, secret):
            os.chown(path, account.pw_uid, account.pw_gid)
    data = folder / "data"
    make = f"{programs}/initdb -D {data} -U heliosphere -A scram-sha-256 --pwfile {secret} -E UTF8"
    subprocess.run(
        make.split(),
        check=True,
        stdout=subprocess.DEVNULL,
        user=user,
        cwd="/",
    )
    serve = f"{programs}/postgres -D {data} -p {port} -k {folder} -h 127.0.0.1 -c fsync=off"
    process = subprocess.Popen(
        serve.split(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        cwd="/",
    )
    env = {**os.environ, "PGPASSWORD": password}
    try:
        create = f"{programs}/createdb -h 127.0.0.1 -p {port} -U heliosphere {database}"
        for _ in range(100):
            if subprocess.run(create.split(), env=env, check=False, capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        else:
            raise PostgresMissing("PostgreSQL did not start within 10 s")
        yield f"postgres://heliosphere:{password}@127.0.0.1:{port}/{database}"
    finally:
        # A fast shutdown, which does not wait for whoever is still connected.
        process.send_signal(signal.SIGINT)
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    with server() as url:
        return subprocess.run(
            sys.argv[1:], env={**os.environ, "TEST_DATABASE_URL": url}, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
