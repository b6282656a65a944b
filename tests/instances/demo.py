"""A demo cloud in a process of its own, and a portal driven by hand: one turn, one reading at a time."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from django.utils import timezone

from allocations.models import Allocation
from instances import services
from instances.mirror import catalogue, details, poll, schedule
from instances.models import CatalogueItem, Instance, Poll
from instances.specs import LaunchRequest
from portal.accounts.models import CloudCredential, CloudLink, User
from portal.cloud import identity, servers
from portal.cloud.config import clouds
from portal.cloud.connection import Cloud, PasswordLogin, connect, forget_versions
from portal.cloud.types import Server
from portal.core.seal import seal
from portal.operations import reconciler
from portal.operations.models import Operation
from tests.cast import join, make_allocation, make_grant, make_user

SPEED = 200
PATIENCE = 20.0


@dataclass(frozen=True)
class DemoCloud:
    auth_url: str
    control_url: str
    control_key: str

    def control(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"X-Control-Key": self.control_key}
        reply = httpx.request(method, self.control_url + path, json=body, headers=headers, timeout=20)
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None

    def fault(self, action: str, **rule: Any) -> None:
        """See `portal.democloud.faults.Rule`: status, slow, hang, reset or lost-reply."""
        self.control("POST", "/faults", {"action": action, **rule})

    def cloud_calls(self) -> dict[str, int]:
        """How often each route was called since the count was dropped."""
        found: dict[str, int] = self.control("GET", "/calls")["calls"]
        return {route: count for route, count in found.items() if not route.startswith("_control")}


def start(directory: Path) -> Iterator[DemoCloud]:
    announce = directory / "announce.json"
    command = [sys.executable, "-m", "portal.democloud", "--port", "0", "--state", str(directory)]
    options = ["--speed", str(SPEED), "--seed", "empty", "--announce", str(announce)]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([*command, *options], stdout=log, stderr=log)
    for _ in range(1200):
        if announce.exists() and announce.read_text().endswith("}"):
            break
        if process.poll() is not None:
            raise RuntimeError((directory / "log").read_text())
        time.sleep(0.05)
    found = json.loads(announce.read_text())
    try:
        yield DemoCloud(found["auth_url"], found["control_url"], found["control_key"])
    finally:
        process.terminate()
        process.wait(timeout=10)


def point_portal_at(demo: DemoCloud) -> None:
    os.environ["DEMO_AUTH_URL"] = demo.auth_url
    clouds.cache_clear()
    forget_versions()


@dataclass
class Project:
    """One allocation of the demo cloud, with its people connected, and hands to drive the portal with."""

    demo: DemoCloud
    allocation: Allocation
    people: dict[str, User]

    def cloud_as(self, name: str) -> Cloud:
        """The cloud as somebody would use it from another portal."""
        login = PasswordLogin(
            cloud="demo",
            username=name,
            password="demo",
            user_domain="Default",
            project_id=self.allocation.project_id,
        )
        return connect(login, region=self.allocation.region)

    def poll(self, what: str = Poll.What.SERVERS) -> Poll:
        found, _ = Poll.objects.select_related("allocation").get_or_create(
            allocation=self.allocation, what=what, defaults={"next_at": timezone.now()}
        )
        return found

    def read(self, *, complete: bool = False) -> Poll:
        """One reading of the servers, as a worker does it."""
        found = self.poll()
        if complete:
            found.full_at = None
        began = timezone.now()
        error = poll.store_outcome(found, lambda: poll.read_servers(found, watched=False))
        schedule.finish(found, error, began=began, watched=False)
        return found

    def read_catalogue(self) -> Poll:
        found = self.poll(Poll.What.CATALOGUE)
        began = timezone.now()
        error = poll.store_outcome(found, lambda: catalogue.read_catalogue(self.allocation))
        schedule.finish(found, error, began=began, watched=False)
        assert error is None, error
        return found

    def read_consoles(self) -> None:
        for row in Instance.objects.filter(allocation=self.allocation, deleted_at=None, status="ACTIVE"):
            row.allocation = self.allocation
            details.read(row)

    def turn(self) -> bool:
        """Every operation that is due takes one turn. False: none was."""
        took = False
        while reconciler.advance_next():
            took = True
        return took

    def settle(self, *operations: Operation, until: Callable[[], bool] | None = None) -> None:
        """Turns, readings and consoles, until these have ended (or `until` says so)."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.turn()
            for operation in operations:
                operation.refresh_from_db()
            if until() if until else all(not operation.live for operation in operations):
                return
            self.read()
            self.read_consoles()
            self.hurry()
            time.sleep(0.03)
        raise AssertionError([(op.label, op.state, op.step, op.error_id, op.stage) for op in operations])

    def hurry(self) -> None:
        """Waits of seconds are no more than waits of a moment in a cloud that is so much faster."""
        soon = timezone.now()
        Operation.objects.filter(state__in=("queued", "waiting"), run_after__gt=soon).update(run_after=soon)

    def machine(self, by: str = "bob", **changes: Any) -> Instance:
        """A machine that runs; its launch at most waits for the guest's set-up."""
        made = services.launch(
            allocation=self.allocation, by=self.people[by], request=self.request("lab", **changes)
        )
        self.settle(*made, until=lambda: all(op.step == "setup" or not op.live for op in made))
        return Instance.objects.select_related("allocation", "owner").get(pk=made[0].target_id)

    def act(self, row: Instance, action: str, by: str = "bob", **params: Any) -> Operation:
        """Ask for an action, and see it end."""
        asked = services.act(instance=row, by=self.people[by], action=action, params=params)
        self.settle(asked)
        row.refresh_from_db()
        return asked

    def server(self, row: Instance) -> Server:
        """What the cloud itself says."""
        return servers.get_server(self.cloud_as("alice"), row.server_id)

    def request(self, name: str = "lab", **changes: Any) -> LaunchRequest:
        given = {
            "name": name,
            "image_id": self.id_of(CatalogueItem.Kind.IMAGE, "Featured-Debian12"),
            "flavor_id": self.id_of(CatalogueItem.Kind.FLAVOR, "m3.small"),
            "address": "none",
        }
        return LaunchRequest.model_validate({**given, **changes})

    def id_of(self, kind: str, name: str) -> str:
        rows = CatalogueItem.objects.filter(allocation=self.allocation, kind=kind, name=name)
        return max(rows, key=lambda row: row.data.get("created", "")).cloud_id


def connected_project(
    demo: DemoCloud,
    name: str = "BIO220047",
    people: tuple[str, ...] = ("alice", "bob"),
    seed: str = "empty",
) -> Project:
    """Rows as sign-in makes them, with application credentials made at the cloud's own Keystone."""
    demo.control("POST", "/seed", {"seed": seed})
    demo.control("DELETE", "/calls")
    allocation: Allocation | None = None
    users: dict[str, User] = {}
    for person in people:
        login = PasswordLogin(
            cloud="demo", username=person, password="demo", user_domain="Default", project_id=None
        )
        project_id = next(project.id for project in identity.projects(login) if project.name == name)
        if allocation is None:
            allocation = make_allocation(name, project_id=project_id)
            make_grant(allocation, "cpu")
        users[person] = _connect(login, person, allocation)
    assert allocation is not None
    return Project(demo, allocation, users)


def _connect(login: PasswordLogin, name: str, allocation: Allocation) -> User:
    user = make_user(name)
    join(user, allocation, "pi" if name == "alice" else "member")
    token = identity.scoped(login, allocation.project_id)
    CloudLink.objects.create(
        user=user,
        cloud="demo",
        state="connected",
        cloud_user_id=token.user_id,
        cloud_user_name=token.user_name,
    )
    made = identity.create_app_credential(
        login, project_id=allocation.project_id, name=f"test-{name}", expires_at=None
    )
    CloudCredential.objects.create(
        user=user,
        cloud="demo",
        project_id=allocation.project_id,
        project_name=allocation.project_name,
        application_credential_id=made.id,
        sealed_secret=seal(made.secret),
        roles=list(made.roles),
    )
    return user
