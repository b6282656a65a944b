from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from instances.remote.files.disk import Disk
from tests.instances.remote import sshd as sshd_
from tests.instances.remote.files import machine as machines
from tests.instances.remote.files.machine import Link, Machine
from tests.instances.remote.sshd import Sshd


@pytest.fixture(scope="session")
def file_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    yield from sshd_.start(tmp_path_factory.mktemp("sshd-files"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


@pytest.fixture(params=["asyncssh", "openssh"])
async def box(home: Path, request: pytest.FixtureRequest) -> AsyncIterator[Machine]:
    """Both servers: they fail in different words."""
    if request.param == "openssh":
        async with machines.openssh(request.getfixturevalue("file_server")) as made:
            yield made
    else:
        async with machines.machine(home) as made:
            yield made


@pytest.fixture
async def link(box: Machine) -> AsyncIterator[Link]:
    made = await box.link()
    yield made
    await made.close()


@pytest.fixture
async def disk(link: Link) -> Disk:
    return await machines.disk_on(link)
