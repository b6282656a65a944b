"""A request that is sent twice under one Idempotency-Key is carried out once."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.operations.models import IdempotencyKey, Operation

Submit = Callable[[], list[Operation]]


def once(*, user: User, key: str, request: Mapping[str, Any], submit: Submit) -> list[Operation]:
    """What `submit()` made, now or when this key was used first; without a key it is simply called.

    PortalError `portal:duplicate` when the key was used for another request. When `submit` fails the key is free again.
    """
    if not key:
        return submit()
    if len(key) > 128:
        raise PortalError("portal:bad-input", reason="An Idempotency-Key has at most 128 characters.")
    digest = fingerprint(request)
    try:
        with transaction.atomic():
            # The unique key makes a second request wait for the first, or fail at once.
            row = IdempotencyKey.objects.create(user=user, key=key, fingerprint=digest)
            made = submit()
            row.operations = [str(operation.pk) for operation in made]
            row.save(update_fields=["operations"])
            return made
    except IntegrityError:
        earlier = IdempotencyKey.objects.filter(user=user, key=key).first()
        if earlier is None:
            raise
        return _made_earlier(earlier, digest)


def fingerprint(request: Mapping[str, Any]) -> str:
    text = json.dumps(request, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _made_earlier(earlier: IdempotencyKey, digest: str) -> list[Operation]:
    if earlier.fingerprint != digest:
        raise PortalError("portal:duplicate", key=earlier.key)
    found = {
        str(operation.pk): operation for operation in Operation.objects.filter(pk__in=earlier.operations)
    }
    return [found[name] for name in earlier.operations if name in found]
