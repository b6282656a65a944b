"""Servers that stay in transition for as long as a bench looks: Nova itself says so, because its database does.

Nova's fake driver finishes everything at once. A task in the database is what a slow hypervisor leaves there for minutes,
and the API answers the same; no daemon is asked to do anything, and none touches a server with a task.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from tests.bench.horizon.lab import STATE, NoLab

_SET = (
    "UPDATE instances SET task_state={task}, updated_at=UTC_TIMESTAMP() WHERE uuid IN ({ids}) AND deleted=0"
)


@contextmanager
def in_transition(server_ids: list[str]) -> Iterator[None]:
    _write("'powering-off'", server_ids)
    try:
        yield
    finally:
        _write("NULL", server_ids)


def _write(task: str, server_ids: list[str]) -> None:
    if not server_ids:
        return
    ids = ",".join(f"'{UUID(one)}'" for one in server_ids)
    done = subprocess.run(
        ["mariadb", f"--socket={STATE}/run/mysqld.sock", "-u", "root", "nova"],
        input=_SET.format(task=task, ids=ids),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NoLab(f"The lab's database did not take the change (are you root?): {done.stderr.strip()}")
