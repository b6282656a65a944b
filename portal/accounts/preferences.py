"""What the portal remembers for a person, on whatever device they come back. No secrets, and nothing to audit."""

from django.db import transaction

from portal.accounts.models import User


def remember(user: User, name: str, value: str) -> bool:
    """Keep one preference; True if it was another before. Costs no query where it is kept already."""
    if user.preferences.get(name) == value:
        return False
    with transaction.atomic():
        # Read again under lock: two pages of one person must not undo each other's preferences.
        row = User.objects.select_for_update().only("preferences").get(pk=user.pk)
        changed = bool(row.preferences.get(name) != value)
        if changed:
            row.preferences = {**row.preferences, name: value}
            row.save(update_fields=["preferences"])
    user.preferences = row.preferences
    return changed
