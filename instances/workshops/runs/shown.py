"""What pages and the API show of commands, files and work, in a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count, Q

from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.runs import collecting, course_files, doing_run
from instances.workshops.runs.jobs import State
from instances.workshops.runs.models import CommandRun, Job, Push, SeatPut, SeatRun, Work
from portal.core import seal
from portal.core.errors import PortalError, Problem, explain

MOST_LISTED = 100
# Of each seat on the page of all: the last lines; the rest has a page of its own.
_PREVIEW_LINES, _PREVIEW = 10, 2000
_ORDER = {State.FAILED: 0, State.UNREACHABLE: 1, State.RUNNING: 2, State.ASKED: 3, State.STOPPED: 4}
_TONES = {State.DONE: "ok", State.FAILED: "bad", State.UNREACHABLE: "warn", State.STOPPED: "off"}
J = TypeVar("J", bound=Job)


@dataclass(frozen=True, slots=True)
class Counts:
    """`missed`: not reached; `going`: waiting or running."""

    all: int
    done: int
    failed: int
    missed: int
    stopped: int

    @property
    def going(self) -> int:
        return self.all - self.done - self.failed - self.missed - self.stopped

    @property
    def words(self) -> str:
        parts = [f"{self.done} of {self.all} done"]
        parts += [f"{self.failed} failed"] if self.failed else []
        parts += [f"{self.missed} not reached"] if self.missed else []
        parts += [f"{self.stopped} stopped"] if self.stopped else []
        return ", ".join(parts + ([f"{self.going} under way"] if self.going else []))


def counted(prefix: str = "seats") -> dict[str, Any]:
    def having(state: str) -> Count:
        return Count(prefix, filter=Q(**{f"{prefix}__state": state}))

    return {
        "n_all": Count(prefix),
        "n_done": having(State.DONE),
        "n_failed": having(State.FAILED),
        "n_missed": having(State.UNREACHABLE),
        "n_stopped": having(State.STOPPED),
    }


def counts_of(row: Any) -> Counts:
    return Counts(row.n_all, row.n_done, row.n_failed, row.n_missed, row.n_stopped)


def tally(rows: Iterable[Job]) -> Counts:
    states = [row.state for row in rows]
    return Counts(
        len(states),
        *(states.count(one) for one in (State.DONE, State.FAILED, State.UNREACHABLE, State.STOPPED)),
    )


@dataclass(frozen=True, slots=True)
class Listed:
    id: UUID
    title: str
    by: str
    at: datetime
    note: str
    counts: Counts


def runs_of(workshop: Workshop) -> list[Listed]:
    rows = CommandRun.objects.filter(workshop=workshop).select_related("by").annotate(**counted())
    rows = rows.order_by("-asked_at", "-id")
    return [
        Listed(
            run.pk,
            f"{run.word} …" if run.word else "A command",
            str(run.by or "somebody who has left"),
            run.asked_at,
            "as root" if run.as_root else "",
            counts_of(run),
        )
        for run in rows[:MOST_LISTED]
    ]


def pushes_of(workshop: Workshop) -> list[Listed]:
    rows = Push.objects.filter(workshop=workshop, course=False).select_related("by").annotate(**counted())
    rows = rows.order_by("-asked_at", "-id")
    return [
        Listed(
            push.pk,
            push.name,
            str(push.by or "somebody who has left"),
            push.asked_at,
            place(push),
            counts_of(push),
        )
        for push in rows[:MOST_LISTED]
    ]


def place(push: Push) -> str:
    where = f"~/{push.folder}" if push.folder else "~"
    return f"unpacked into {where}" if push.unpack else f"into {where}"


@dataclass(frozen=True, slots=True)
class Row:
    """One seat of a command, a file, or a collection."""

    id: UUID
    label: str
    learner: str
    job: Any
    tone: str
    state: str
    problem: Problem | None
    preview: str = ""
    cut: bool = False


def rows_of_run(run: CommandRun) -> list[Row]:
    """Failed ones first. Two queries."""
    rows = SeatRun.objects.filter(run=run).select_related("learner", "seat")
    return [_run_row(job) for job in _sorted(list(rows))]


def _run_row(job: SeatRun) -> Row:
    text = "\n".join(doing_run.output_of(job).parts())
    shown = "\n".join(text.rstrip("\n").splitlines()[-_PREVIEW_LINES:])[-_PREVIEW:]
    label = f"Seat {job.number}" if job.seat is None or not job.seat.spare else f"Spare {job.number}"
    state = (
        f"exit {job.exit}" if job.state == State.FAILED and job.exit is not None else job.get_state_display()
    )
    return Row(
        job.pk,
        label,
        job.learner.name if job.learner else "",
        job,
        tone_of(job),
        state,
        problem_of(job),
        shown,
        job.cut or len(shown) < len(text.rstrip("\n")),
    )


def rows_of_push(push: Push) -> list[Row]:
    rows = SeatPut.objects.filter(push=push).select_related("seat__learner", "push")
    return [_put_row(job, push) for job in _sorted(list(rows))]


def _put_row(job: SeatPut, push: Push) -> Row:
    seat = job.seat
    stale = job.state == State.DONE and not course_files.lies_there(job, push, seat)
    return Row(
        job.pk,
        str(seat).capitalize(),
        seat.learner.name if seat.learner else "",
        job,
        "busy" if stale else tone_of(job),
        "On an older machine" if stale else job.get_state_display(),
        problem_of(job),
        put_words(job.said) if job.state == State.DONE else "",
    )


def put_words(said: dict[str, Any]) -> str:
    made, same, kept = (int(said.get(name, 0)) for name in ("made", "same", "kept"))
    parts = [f"{made} new"] if made else []
    parts += [f"{same} there already"] if same else []
    return ", ".join(parts + ([f"{kept} beside the learner's own"] if kept else []))


@dataclass(frozen=True, slots=True)
class WorkRow:
    """`here`: it can be downloaded. `row` None: nothing was asked for so far."""

    learner: Learner
    seat: str
    row: Work | None
    tone: str
    state: str
    problem: Problem | None
    here: bool


def work_rows(workshop: Workshop) -> list[WorkRow]:
    """Whoever has a seat with a machine, and whoever's work is here. Three queries."""
    work = {
        row.learner_id: row
        for row in Work.objects.filter(workshop=workshop).select_related("stored", "learner", "seat")
    }
    seats = {seat.learner_id: seat for seat in collecting.seats_with_work(workshop).select_related("learner")}
    people = {row.learner_id: row.learner for row in work.values()}
    people |= {pk: seat.learner for pk, seat in seats.items() if pk is not None and seat.learner is not None}
    rows = [_work_row(one, work.get(pk), seats.get(pk)) for pk, one in people.items()]
    return sorted(rows, key=lambda row: (row.tone == "ok", row.learner.name.casefold()))


def _work_row(learner: Learner, row: Work | None, seat: Seat | None) -> WorkRow:
    label = str(seat).capitalize() if seat else ""
    if row is None:
        return WorkRow(learner, label, None, "unknown", "Not collected", None, False)
    here = row.stored is not None and row.stored.removed_at is None
    state = "Nothing to collect" if row.state == State.DONE and not here else row.get_state_display()
    state = "Erased" if row.erased_at and not here else "Here" if row.state == State.DONE and here else state
    return WorkRow(learner, label, row, tone_of(row), state, problem_of(row), here)


def tone_of(job: Job) -> str:
    return _TONES.get(State(job.state), "busy")


def problem_of(job: Job) -> Problem | None:
    return explain(job.problem_id, job.problem_params) if job.problem_id else None


def _sorted(rows: list[J]) -> list[J]:
    return sorted(rows, key=lambda row: _ORDER.get(State(row.state), 9))


def command_of(run: CommandRun) -> str:
    try:
        return seal.unseal(run.sealed_command).rstrip("\n")
    except PortalError:
        return "(sealed with a key that the portal does not have any more)"
