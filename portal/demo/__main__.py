"""Starts Redis, the demo cloud, the OpenID provider, the portal's processes; prints where and who; ends them all."""

import argparse
import fcntl
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from portal.demo import second, state
from portal.demo.family import BASE, DEMO_CONFIG, PYTHON, children
from portal.demo.processes import SERVICES, Child, end_all

START_SECONDS = 90.0


class StartFailed(Exception):
    pass


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def collected() -> bool:
    """Whether the compressed static files are as new as everything that they are made of; making them takes long."""
    manifest = BASE / ".staticfiles/staticfiles.json"
    if not manifest.exists():
        return False
    sources = [
        BASE / "requirements/demo.lock",
        BASE / "static/package-lock.json",
        BASE / "portal/settings.py",
    ]
    for folder in ("css", "js", "img", "vendor"):
        sources += (BASE / "static" / folder).rglob("*")
    made = manifest.stat().st_mtime
    return all(path.stat().st_mtime <= made for path in sources)


def prepare(env: Mapping[str, str]) -> None:
    manage(env, "migrate")
    # All demos of one tree share these files: two that start together would write them into each other's.
    with (BASE / ".staticfiles.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not collected():
            manage(env, "collectstatic", "--noinput")


def manage(env: Mapping[str, str], *arguments: str) -> None:
    command = [PYTHON, "manage.py", *arguments, "--verbosity", "0"]
    done = subprocess.run(command, cwd=BASE, env=dict(env), capture_output=True, check=False)
    if done.returncode:
        raise StartFailed(f"manage.py {arguments[0]} failed:\n{done.stdout.decode()}{done.stderr.decode()}")


def wait_for(url: str, child: Child, seconds: float = START_SECONDS) -> None:
    """Until `url` answers at all; raises with the end of the child's log when it dies or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not child.running:
            break
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310  (our own loopback address)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.15)
        else:
            return
    tail = child.log.read_text(errors="replace")[-1500:]
    raise StartFailed(f"{child.name} did not start. The end of {child.log}:\n{tail}")


def start(all_children: list[Child], env: Mapping[str, str], port: int) -> None:
    by_name = {child.name: child for child in all_children}
    for name in SERVICES & by_name.keys():
        by_name[name].start()
    prepare(env)
    wait_for(env["DEMO_AUTH_URL"], by_name["cloud"])
    if "campus" in by_name:
        wait_for(env["CAMPUS_AUTH_URL"], by_name["campus"])
    if "oidc" in by_name:
        wait_for(env["OIDC_ISSUER"] + "/.well-known/openid-configuration", by_name["oidc"])
    for name in ("web", "worker-operations", "worker-background", "beat"):
        by_name[name].start()
    wait_for(f"http://127.0.0.1:{port}/healthz", by_name["web"])


def introduce(folder: Path, env: Mapping[str, str], *, teaching: bool) -> list[dict[str, object]]:
    command: list[str | Path] = [
        PYTHON,
        "-m",
        "portal.demo.people",
        folder / "oidc.json",
        folder / "people.json",
    ]
    command += ["class"] if teaching else []
    done = subprocess.run(
        command,
        cwd=BASE,
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StartFailed(f"the demo's people could not be made:\n{done.stderr[-2000:]}")
    people: list[dict[str, object]] = json.loads(done.stdout)
    state.write_private(folder / "people.json", people)
    return people


def greet(url: str, people: list[dict[str, object]], folder: Path) -> None:
    say(f"\n  Heliosphere is at {url}\n")
    if people:
        say("  Sign in with CILogon as:")
    for person in people:
        allocations = ", ".join(str(name) for name in person["allocations"]) or "none"  # type: ignore[attr-defined]
        say(f"    {person['sign_in']!s:<10} {person['role']!s:<58} allocations: {allocations}")
    say(f"\n  People and API tokens: {folder}/people.json   Logs: {folder}/logs/   Ctrl-C ends everything.\n")


def greet_second() -> None:
    accounts = ", ".join(f"{account} ({person})" for person, account in second.ACCOUNTS.items())
    say("  The campus cloud is beside it: connect it in Profile, Connected clouds, by name and password:")
    say(f"    {accounts}; the password is demo.\n")


def watch(all_children: list[Child]) -> None:
    while True:
        time.sleep(0.5)
        for child in all_children:
            if child.keep_alive():
                say(f"heliosphere: {child.name} had ended and was started again (log: {child.log})")


def _stop(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="portal.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--state", type=Path, default=BASE / ".demo")
    parser.add_argument(
        "--speed", default="10", help="how many times faster than a real cloud machines change state"
    )
    parser.add_argument("--seed", default="demo", help="what a new cloud begins with: demo, empty or load:N")
    parser.add_argument(
        "--config", type=Path, default=DEMO_CONFIG, help="a folder with portal.yaml and clouds.yaml"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="the name in the portal's address, such as localhost"
    )
    parser.add_argument(
        "--second-cloud", action="store_true", help="the campus cloud beside it: other people, sizes, words"
    )
    parser.add_argument(
        "--issuer", default="", help="sign in there, as OIDC_CLIENT_ID with OIDC_CLIENT_SECRET"
    )
    parser.add_argument(
        "--class",
        dest="teaching",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="the instructor's class, which begins a few minutes after the demo",
    )
    return parser.parse_args()


def main() -> int:
    options = asked()
    folder: Path = options.state.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    held = state.lock(folder)
    if held is None:
        say(f"heliosphere: another demo runs on {folder}. End it, or give another folder with --state.")
        return 1
    if not state.is_free(options.port):
        say(f"heliosphere: port {options.port} is taken. Choose another: make demo PORT=8080")
        return 1
    ports = state.kept_ports(folder, ["redis", "cloud", "oidc", "campus"])
    secret = state.kept_secrets(folder)
    family = children(folder, options.port, ports, secret, options)
    env = family[0].env
    signal.signal(signal.SIGTERM, _stop)
    say("heliosphere: starting Redis, the demo cloud, the sign-in service and the portal …")
    try:
        start(family, env, options.port)
        # People of another provider are not ours to sign in.
        people = [] if options.issuer else introduce(folder, env, teaching=options.teaching)
        greet(env["SITE_URL"], people, folder)
        if options.second_cloud:
            greet_second()
        watch(family)
    except StartFailed as failure:
        say(f"heliosphere: {failure}")
        return 1
    except KeyboardInterrupt:
        say("\nheliosphere: ending …")
    finally:
        end_all(family)
    return 0


if __name__ == "__main__":
    sys.exit(main())
