import socket

import pytest

from portal.core.models import AuditEvent
from portal.core.redis_client import client


def test_a_socket_to_elsewhere_is_barred() -> None:
    with pytest.raises(RuntimeError, match="loopback"), socket.socket() as outside:
        outside.connect(("192.0.2.1", 80))


def test_redis_answers() -> None:
    assert client().ping()


@pytest.mark.django_db
def test_the_database_answers() -> None:
    assert AuditEvent.objects.count() == 0
