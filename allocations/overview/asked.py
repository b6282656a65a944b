"""A plan as an address holds it: parameters → lines, with what is wrong in each. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from allocations.hooks import Size
from allocations.overview.planning import HOURS_A_WEEK, Line

MOST_LINES = 12
MACHINES, CLASS = "machines", "class"
_MOST_COUNT, _MOST_TIMES, _MOST_WEEKS, _MOST_GB, _YEARS = 10_000, 50, 520, 1_000_000, 10
_FIELDS = ("size", "count", "times", "hours", "weeks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line as it was typed. `line` None: it is empty, or `problem` says what is wrong."""

    size: str = ""
    count: str = ""
    times: str = ""
    hours: str = ""
    weeks: str = ""
    line: Line | None = None
    problem: str = ""

    @property
    def empty(self) -> bool:
        return not (self.size or self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`rows` end with an empty one to write into. `problems`: about what is not in a row."""

    mode: str
    begins: date
    spare: int
    storage_gb: int
    what_for: str
    rows: Sequence[Row]
    problems: Sequence[str] = field(default=())

    @property
    def lines(self) -> list[Line]:
        return [row.line for row in self.rows if row.line is not None]

    @property
    def query(self) -> str:
        """The same plan as an address that can be handed on."""
        filled = [row for row in self.rows if not row.empty]
        pairs = [(name, getattr(row, name)) for row in filled for name in _FIELDS]
        rest = [("spare", str(self.spare)), ("storage", str(self.storage_gb or ""))]
        return urlencode(
            [("mode", self.mode), ("begins", self.begins.isoformat()), *rest, *pairs, ("for", self.what_for)]
        )


def asked(
    given: Mapping[str, Sequence[str]], sizes: Mapping[str, Size], *, today: date, usual_spare: int
) -> Asked:
    """`given`: the parameters of the address, each with all of its values, in the order of the rows."""
    problems: list[str] = []
    mode = CLASS if _first(given, "mode") == CLASS else MACHINES
    rows = [_row(values, sizes, mode) for values in _columns(given)]
    filled = [row for row in rows if not row.empty][:MOST_LINES]
    begins = _date(_first(given, "begins"), today, problems)
    spare = _whole(_first(given, "spare"), usual_spare, 100, "What is spare is 0 to 100 per cent.", problems)
    gb = _whole(
        _first(given, "storage"), 0, _MOST_GB, "Storage is a whole number of GB, up to a million.", problems
    )
    blank = [Row(weeks=filled[-1].weeks if filled else "")] if len(filled) < MOST_LINES else []
    return Asked(
        mode=mode,
        begins=begins,
        spare=spare,
        storage_gb=gb,
        what_for=_first(given, "for")[:1000],
        rows=[*filled, *blank],
        problems=problems,
    )


def _columns(given: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    columns = {name: list(given.get(name, ())) for name in _FIELDS}
    rows = max((len(values) for values in columns.values()), default=0)
    return [
        {name: values[at].strip()[:64] if at < len(values) else "" for name, values in columns.items()}
        for at in range(min(rows, MOST_LINES * 2))
    ]


def _row(typed: Mapping[str, str], sizes: Mapping[str, Size], mode: str) -> Row:
    row = Row(
        size=typed["size"],
        count=typed["count"],
        times=typed["times"],
        hours=typed["hours"],
        weeks=typed["weeks"],
    )
    if row.empty:
        return row
    size = sizes.get(typed["size"])
    count, weeks = _number(typed["count"]), _number(typed["weeks"])
    times, hours = _number(typed["times"]), _number(typed["hours"])
    problem = _wrong(size, count, times, hours, weeks, mode)
    if problem or size is None or count is None or times is None or hours is None or weeks is None:
        return replace(row, problem=problem)
    return replace(row, line=Line(size, int(count), times, hours, int(weeks)))


def _wrong(
    size: Size | None,
    count: Decimal | None,
    times: Decimal | None,
    hours: Decimal | None,
    weeks: Decimal | None,
    mode: str,
) -> str:
    """The first thing that is wrong with a line, as a sentence."""
    if size is None:
        return "Choose a size."
    if not _is_whole(count, _MOST_COUNT):
        whom = "How many students" if mode == CLASS else "How many"
        return f"{whom}: a whole number from 1 to {_MOST_COUNT:,}."
    if times is None or not 0 < times <= _MOST_TIMES:
        return f"Times a week: a number above 0, up to {_MOST_TIMES}."
    if hours is None or not 0 < hours <= HOURS_A_WEEK:
        return f"Hours each time: a number above 0, up to {HOURS_A_WEEK}."
    if times * hours > HOURS_A_WEEK:
        return f"That is more than the {HOURS_A_WEEK} hours of a week."
    if not _is_whole(weeks, _MOST_WEEKS):
        return f"Weeks: a whole number from 1 to {_MOST_WEEKS}."
    return ""


def _is_whole(number: Decimal | None, most: int) -> bool:
    return number is not None and number == int(number) and 1 <= number <= most


def _number(text: str) -> Decimal | None:
    if not text or len(text) > 12:
        return None
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**9 else None


def _first(given: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(given.get(name, ())), "").strip()


def _whole(text: str, usual: int, most: int, problem: str, problems: list[str]) -> int:
    if not text:
        return usual
    number = _number(text)
    if number is None or number != int(number) or not 0 <= number <= most:
        problems.append(problem)
        return usual
    return int(number)


def _date(text: str, today: date, problems: list[str]) -> date:
    if not text:
        return today
    try:
        found = date.fromisoformat(text)
    except ValueError:
        problems.append("Write the first day as 2027-01-31.")
        return today
    if abs(found - today) > timedelta(days=366 * _YEARS):
        problems.append(f"The first day may be up to {_YEARS} years away.")
        return today
    return found
