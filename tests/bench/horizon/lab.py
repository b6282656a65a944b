"""The real OpenStack of `shared/lab/openstack`: is it there, who are its people, what may the bench's project hold."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT, PERSON = "CIS220046", "dave"
AUTH_URL = os.environ.get("LAB_AUTH_URL", "http://127.0.0.1:5000/v3")
PASSWORD = os.environ.get("LAB_PASS", "labpass")
REGION = os.environ.get("LAB_REGION", "IU")
STATE = Path(os.environ.get("LAB_STATE", "/var/lib/oslab"))
ZONE = "fake"
# What the project had before the bench raised it, kept in case a bench dies in between.
_KEPT = Path(os.environ.get("XDG_RUNTIME_DIR", "/tmp")) / "heliosphere-bench-quota.json"
# -1: no bound. Neutron's own bound of ports is above what the bench makes.
_WANTED = {"instances": -1, "cores": -1, "ram": -1}


class NoLab(SystemExit):
    """Ends the bench with one sentence; never a skip."""


def trouble() -> str | None:
    """Why the lab cannot be used; None where it answers."""
    try:
        with urllib.request.urlopen(AUTH_URL, timeout=10) as answer:
            json.load(answer)
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        return f"{AUTH_URL} does not answer as Keystone ({error})"
    return None


def require() -> None:
    if (why := trouble()) is not None:
        raise NoLab(
            f"This bench needs the lab cloud, and {why}. "
            "Start it with shared/lab/openstack/up.sh (first time: install.sh)."
        )


def connect(person: str = PERSON, project: str = PROJECT) -> Any:
    """An SDK connection that never retries by itself: what is counted was meant."""
    import openstack

    return openstack.connect(
        auth_url=AUTH_URL,
        username=person,
        password=PASSWORD,
        project_name=project,
        user_domain_name="Default",
        project_domain_name="Default",
        region_name=REGION,
        load_envvars=False,
        load_yaml_config=False,
    )


def raise_quota() -> None:
    admin = connect("admin", "admin")
    project = admin.identity.find_project(PROJECT)
    if not _KEPT.exists():
        now = admin.compute.get(f"/os-quota-sets/{project.id}").json()["quota_set"]
        _KEPT.write_text(json.dumps({name: now[name] for name in _WANTED}), encoding="utf-8")
    _set_quota(admin, project.id, _WANTED)


def restore_quota() -> None:
    if not _KEPT.exists():
        return
    admin = connect("admin", "admin")
    _set_quota(admin, admin.identity.find_project(PROJECT).id, json.loads(_KEPT.read_text(encoding="utf-8")))
    _KEPT.unlink()


def _set_quota(admin: Any, project_id: str, values: dict[str, int]) -> None:
    said = admin.compute.put(f"/os-quota-sets/{project_id}", json={"quota_set": values})
    said.raise_for_status()


def pages(fetch: Callable[[dict[str, str]], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """All items of a list that is read by `limit` and `marker`."""
    found: list[dict[str, Any]] = []
    while True:
        more = fetch({"limit": "500", **({"marker": found[-1]["id"]} if found else {})})
        found += more
        if len(more) < 500:
            return found
