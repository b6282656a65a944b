"""Template variables from the operator's configuration: branding, words, notices."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from portal.cloud.config import clouds
from portal.core.context import provide


@provide
def configuration(request: HttpRequest) -> dict[str, Any]:
    found = clouds()
    now = timezone.now()
    notices = [notice for cloud in found.clouds.values() for notice in cloud.portal.notices]
    return {
        "branding": found.branding,
        "words": found.words(),
        "notices": [notice for notice in notices if notice.shown_at(now)],
    }
