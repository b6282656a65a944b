from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.core.resealing import reseal_all


class Command(BaseCommand):
    help = (
        "Move every stored secret to the first key of SEAL_KEYS. Run it after adding a key in front; when it has "
        "ended without complaint, older keys are needed only by guests that were set up before."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        tally = reseal_all()
        self.stdout.write(f"{tally.moved} secrets are sealed with the newest key.")
        if tally.unopened:
            raise CommandError(
                f"{tally.unopened} secrets cannot be opened by any key: their owners have to connect again. "
                "Nothing else is affected."
            )
