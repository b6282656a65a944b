"""Writing many rows with one statement each for all of them, on every database that we support.

Django's own bulk methods split SQLite's statements by the number of values, so that they grow with the rows.
"""

from collections.abc import Sequence

from django.db import connection

from instances.models import Instance


_FIELDS = {field.name: field for field in Instance._meta.concrete_fields}


def insert(rows: Sequence[Instance]) -> None:
    """Add rows; one that somebody else has added meanwhile is passed over."""
    if not rows:
        return
    columns = ", ".join(_quoted(name) for name in _FIELDS)
    marks = ", ".join(["%s"] * len(_FIELDS))
    # Names come from the model; every value is passed apart.
    statement = f"INSERT INTO {_table()} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    _run(statement, rows, list(_FIELDS))


def update(rows: Sequence[Instance], names: Sequence[str]) -> None:
    """Store these fields of each row."""
    if not rows or not names:
        return
    assignments = ", ".join(f"{_quoted(name)} = %s" for name in names)
    statement = f"UPDATE {_table()} SET {assignments} WHERE {_quoted('id')} = %s"  # noqa: S608
    _run(statement, rows, [*names, "id"])


def _run(statement: str, rows: Sequence[Instance], names: Sequence[str]) -> None:
    fields = [_FIELDS[name] for name in names]
    values = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)


def _table() -> str:
    return connection.ops.quote_name(Instance._meta.db_table)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(_FIELDS[name].column)
