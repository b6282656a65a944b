"""Horizon from Debian's package, on loopback, under uWSGI with memcached of its own. Apache and /etc are not touched."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from portal.demo.state import free_port
from tests.bench.horizon.lab import NoLab

PACKAGE = Path("/usr/share/openstack-dashboard/wsgi.py")
STATIC = Path("/var/lib/openstack-dashboard/static")
PROCESSES = 4
_START_SECONDS = 90.0
_INSTALL = (
    "apt-get install --no-install-recommends openstack-dashboard uwsgi-plugin-python3 memcached "
    "(with a policy-rc.d that lets no service start)"
)


def require() -> None:
    missing = [name for name in ("uwsgi_python3", "memcached") if shutil.which(name) is None]
    if missing or not PACKAGE.exists():
        raise NoLab(f"This bench needs Horizon as Debian packages it. Install it: {_INSTALL}.")


def _options(port: int) -> list[str]:
    return [
        *("uwsgi_python3", "--plugins", "python3", "--master", "--enable-threads"),
        *("--http-socket", f"127.0.0.1:{port}", "--module", "django.core.wsgi:get_wsgi_application()"),
        *("--processes", str(PROCESSES), "--listen", "100", "--buffer-size", "65535", "--die-on-term"),
        *("--add-header", "Connection: close", "--disable-logging", "--need-app"),
        # As a web server in front would: from disk, compressed names are cached by browsers.
        *("--static-map", f"/static={STATIC}", "--static-expires-uri", "^/static/ 86400"),
    ]


def _environment(auth_url: str, memcached: int) -> dict[str, str]:
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DJANGO_SETTINGS_MODULE": "dashboard_settings",
        "BENCH_SECRET": secrets.token_urlsafe(40),
        "BENCH_AUTH_URL": auth_url,
        "BENCH_MEMCACHED": f"127.0.0.1:{memcached}",
    }


@contextmanager
def dashboard(auth_url: str) -> Iterator[str]:
    """A Horizon that signs people in at `auth_url`; yields its address."""
    require()
    port, cache = free_port(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="helio-horizon-"))
    log = folder / "uwsgi.log"
    user = ["-u", "memcache"] if os.geteuid() == 0 else []
    with log.open("wb") as out:
        memcached = subprocess.Popen(
            ["memcached", *user, "-l", "127.0.0.1", "-p", str(cache), "-m", "64"],
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        server = subprocess.Popen(
            _options(port), env=_environment(auth_url, cache), stdout=out, stderr=out, start_new_session=True
        )
    try:
        _wait(f"http://127.0.0.1:{port}/auth/login/", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        for process in (server, memcached):
            process.send_signal(signal.SIGTERM)
        for process in (server, memcached):
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            # Whatever is left of its session: workers in the midst of a request outlive their master.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=30).close()
        except urllib.error.HTTPError as error:
            raise NoLab(f"Horizon answers {error.code} at {url}:\n{log.read_text()[-2000:]}") from None
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise NoLab(f"Horizon did not start:\n{log.read_text()[-2000:]}")
