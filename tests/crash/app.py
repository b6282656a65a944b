"""`celery -A tests.crash.app worker`: the portal's own worker, which knows the kinds of these tests too."""

import django

django.setup()

from portal.celery import app  # noqa: E402
from tests.crash import kinds  # noqa: E402

__all__ = ["app", "kinds"]
