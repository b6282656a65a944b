"""An export that was made, for tests that need one."""

from allocations.overview import building, exports
from allocations.overview.models import Export
from portal.accounts.models import User


def made_for(user: User) -> Export:
    export = exports.ask(by=user)
    assert building.build(export.pk)
    return exports.of(user).get(pk=export.pk)
