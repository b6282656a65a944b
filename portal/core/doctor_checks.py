"""What every portal stands on: settings, database, Redis, workers, mail, files, its own address."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from portal.core import doctor_http, health
from portal.core.doctor import Finding, Plan, broken, clean, degraded, note, ok, probe, untried
from portal.core.redis_client import client

_LOOPBACK = {"127.0.0.1", "localhost", "::1", "testserver"}
_OLDEST_REDIS = (6, 2)


@probe("Settings", place=10)
def settings_are_sane(plan: Plan) -> Iterator[Finding]:
    found = checks.run_checks()
    for message in found:
        told = broken if message.is_serious() else degraded
        yield told(
            f"check {message.id}", clean(message.msg, 400), clean(message.hint or "See the text.", 300)
        )
    if not found:
        yield ok("checks", "settings, clouds.yaml and portal.yaml pass every check")
    yield from _keys()
    yield from _address()
    if settings.DEBUG and not at_home():
        yield broken("DEBUG", "is on: strangers see the source of every error", "Unset DEBUG.")


def at_home() -> bool:
    """Whether the portal serves this machine alone."""
    return urlsplit(settings.SITE_URL).hostname in _LOOPBACK


def _keys() -> Iterator[Finding]:
    if settings.DEVELOPMENT:
        yield note("DEVELOPMENT", "is on: keys are those of the source, fit for this machine alone")
        return
    make = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
    if len(settings.SECRET_KEY) < 32:
        yield broken("SECRET_KEY", "has fewer than 32 characters", make)
    if settings.SECRET_KEY in settings.SEAL_KEYS:
        todo = "Give SEAL_KEYS a key of its own, kept apart: put it first, restart, run manage.py reseal."
        yield degraded("SEAL_KEYS", "holds the SECRET_KEY: who has one opens what both protect", todo)
    count = len(settings.SEAL_KEYS)
    if count > 1:
        yield note("SEAL_KEYS", f"{count} keys: run manage.py reseal; the last one derives the guests' keys")
    elif settings.SECRET_KEY not in settings.SEAL_KEYS:
        yield ok("SEAL_KEYS", "one key")


def _address() -> Iterator[Finding]:
    site = urlsplit(settings.SITE_URL)
    host = site.hostname or ""
    allowed = [name.strip("[]") for name in settings.ALLOWED_HOSTS]
    fits = host in allowed or any(name.startswith(".") and host.endswith(name) for name in allowed)
    if site.scheme not in ("http", "https") or not host:
        yield broken("SITE_URL", f"{clean(settings.SITE_URL)} is no web address", "Give it with https://.")
    elif "*" in allowed:
        todo = f"Set ALLOWED_HOSTS to {host}."
        yield degraded("ALLOWED_HOSTS", "is *: links in pages can be made to lead to other hosts", todo)
    elif not fits:
        yield broken(
            "ALLOWED_HOSTS", f"lacks {host}, the host of SITE_URL: every page is refused", f"Add {host}."
        )
    else:
        yield ok("SITE_URL", f"{settings.SITE_URL}, which ALLOWED_HOSTS has")


@probe("Database", place=20)
def database(plan: Plan) -> Iterator[Finding]:
    started = time.perf_counter()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        yield broken("connection", "does not answer", "Check DATABASE_URL, and that the server runs.")
        return
    milliseconds = (time.perf_counter() - started) * 1000
    yield ok("connection", f"{connection.display_name}, answers in {milliseconds:.0f} ms")
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        names = ", ".join(f"{step.app_label}.{step.name}" for step, _ in waiting[:3])
        yield broken("migrations", f"{len(waiting)} not applied: {names}", "Run manage.py migrate.")
    else:
        yield ok("migrations", "all are applied")
    if connection.vendor != "sqlite":
        return
    says = "SQLite: one writer at a time, on one machine"
    if at_home():
        yield note("kind", f"{says}; right for a trial")
    else:
        yield degraded("kind", says, "For more than some dozen people set DATABASE_URL to a PostgreSQL.")


@probe("Redis", place=30)
def redis(plan: Plan) -> Iterator[Finding]:
    try:
        info = cast(dict[str, Any], client().info())
    except RedisError:
        lost = "no live pages, no work is handed out, no samples; pages themselves are served"
        yield broken("connection", f"does not answer: {lost}", "Check REDIS_URL, and that the server runs.")
        return
    version = str(info.get("redis_version", "0"))
    if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < _OLDEST_REDIS:
        yield degraded("version", version, "Take 6.2 or newer.")
    else:
        yield ok("version", version)
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if info.get("maxmemory") and policy.startswith("allkeys"):
        yield degraded("memory", f"{policy}: messages are thrown away when it is full", "Set noeviction.")
    yield from _publishing()


def _publishing() -> Iterator[Finding]:
    channel = f"doctor:{uuid4().hex}"
    listener: Any = client().pubsub()  # type: ignore[no-untyped-call]
    with listener:
        listener.subscribe(channel)
        listener.get_message(timeout=1)
        client().publish(channel, "hello")
        heard = listener.get_message(timeout=2)
    if heard and heard.get("data") == b"hello":
        yield ok("publish, subscribe", "a message came through: live pages can work")
    else:
        yield broken("publish, subscribe", "no message came through: pages do not change by themselves",
                     "Check the rights of the Redis account, and what stands between.")  # fmt: skip


@probe("Workers", place=40)
def workers(plan: Plan) -> Iterator[Finding]:
    start = {
        "workers": "Start the two workers of docs/operations.md.",
        "beat": "Start `celery -A portal beat`, once.",
        "operations": "See whether a worker reads the queue `operations`, and its log.",
    }
    for part in health.parts_of("workers", "beat", "operations"):
        if part.ok:
            yield ok(part.name, part.note or "runs")
        elif part.note.startswith("cannot"):
            yield untried(part.name, part.note)
        else:
            yield broken(part.name, part.note, start[part.name])
    yield from _queues()


def _queues() -> Iterator[Finding]:
    """A queue that nobody reads grows."""
    try:
        waiting = {
            name: int(str(client().llen(name))) for name in ("operations", "mirror", "metrics", "default")
        }
    except RedisError:
        return
    full = {name: count for name, count in waiting.items() if count > 500}
    listed = ", ".join(f"{name} {count}" for name, count in (full or waiting).items())
    if full:
        yield degraded("queues", f"messages wait: {listed}", "Start more workers for these queues.")
    else:
        yield ok("queues", f"messages waiting: {listed}")


@probe("Files for browsers", place=60)
def static_files(plan: Plan) -> Iterator[Finding]:
    vendor = [folder / "vendor" for folder in map(Path, settings.STATICFILES_DIRS)]
    if not any(folder.is_dir() for folder in vendor):
        yield broken(
            "vendor",
            "what comes from the npm registry is not there",
            "npm ci in static/, then manage.py vendor.",
        )
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if "Manifest" not in settings.STORAGES["staticfiles"]["BACKEND"]:
        yield note("collected", "files are served as they are")
        return
    try:
        count = len(json.loads(manifest.read_text())["paths"])
    except (OSError, ValueError, KeyError):
        yield broken(
            "collected", f"{manifest} cannot be read: no page has its style", "Run manage.py collectstatic."
        )
        return
    yield ok("collected", f"{count} files")


@probe("The portal's own address", place=70)
def own_address(plan: Plan) -> Iterator[Finding]:
    url = f"{settings.SITE_URL}/healthz?only=database"
    if not plan.network:
        yield untried("web", f"{settings.SITE_URL}: not tried without the network")
        return
    answer = doctor_http.ask(url)
    if answer.status == 200:
        yield ok("web", f"{settings.SITE_URL} answers")
    elif answer.status:
        todo = "See whether the proxy leads to the web process, with the Host that people type."
        yield broken("web", f"{url} answers {answer.status}", todo)
    else:
        todo = "Start the web process; if this machine cannot reach it by that name, ask from another."
        yield degraded("web", f"{settings.SITE_URL}: {answer.trouble}", todo)
