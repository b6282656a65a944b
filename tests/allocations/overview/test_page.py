"""The page of an allocation: for whoever may see it, whatever is known or not known of it."""

from typing import Any

import pytest

from allocations.models import Allocation
from portal.accounts.models import User
from tests.allocations.overview.conftest import SignedIn

pytestmark = pytest.mark.django_db


def body(client: Any, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:500]
    return " ".join(answer.content.decode().split())


def test_it_shows_what_was_awarded_used_and_left_with_the_age_of_the_figure(
    allocation: Allocation, pi: User, signed_in: SignedIn
) -> None:
    page = body(signed_in(pi), f"/allocations/{allocation.slug}/")
    assert "Genome assembly of prairie grasses" in page
    assert "100,000" in page and "25,000" in page and "75,000" in page
    assert "75 % left" in page
    assert "2 h ago" in page
