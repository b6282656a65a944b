from collections.abc import Iterator

import pytest

from portal.cloud.config import clouds
from tests.instances import demo


@pytest.fixture(scope="session")
def demo_process(tmp_path_factory: pytest.TempPathFactory, no_way_out: None) -> Iterator[demo.DemoCloud]:
    """One cloud for all tests of a run; each test gets an empty world of it."""
    yield from demo.start(tmp_path_factory.mktemp("democloud"))


@pytest.fixture
def project(
    demo_process: demo.DemoCloud, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[demo.Project]:
    """BIO220047 without machines, its catalogue read; alice (PI) and bob (member) are connected."""
    monkeypatch.setenv("DEMO_AUTH_URL", demo_process.auth_url)
    demo.point_portal_at(demo_process)
    made = demo.connected_project(demo_process)
    made.read_catalogue()
    yield made
    clouds.cache_clear()
