"""What this part keeps sealed, moved to the newest key. Each file has a key of its own: that is what moves."""

from instances.workshops.runs.models import CommandRun, SeatRun, Stored
from portal.core.resealing import Tally, column


def reseal_runs(tally: Tally) -> None:
    column(CommandRun.objects.all(), "sealed_command", tally)
    column(SeatRun.objects.all(), "sealed_output", tally)


def reseal_files(tally: Tally) -> None:
    column(Stored.objects.all(), "sealed_key", tally)
