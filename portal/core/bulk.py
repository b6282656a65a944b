"""Writing many rows with one statement each for all of them, on every database that we support.

Django's own bulk methods split SQLite's statements by the number of values, so that they grow with the rows.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import AutoField, Field, Model


def insert(rows: Sequence[Model]) -> None:
    """Add rows of one model; one whose key somebody else has taken meanwhile is passed over."""
    if not rows:
        return
    fields = [field for field in type(rows[0])._meta.concrete_fields if not isinstance(field, AutoField)]
    columns = ", ".join(_quoted(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    # Names come from the model; every value is passed apart.
    statement = f"INSERT INTO {_table(rows[0])} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    _run(statement, rows, fields, add=True)
    for row in rows:
        # As after Django's own insert: saved once more, it is an update.
        row._state.adding, row._state.db = False, connection.alias


def update(rows: Sequence[Model], names: Sequence[str]) -> None:
    """Store these fields of each row of one model."""
    if not rows or not names:
        return
    key = rows[0]._meta.pk
    known = {field.name: field for field in type(rows[0])._meta.concrete_fields}
    fields = [known[name] for name in names]
    assignments = ", ".join(f"{_quoted(field.column)} = %s" for field in fields)
    statement = f"UPDATE {_table(rows[0])} SET {assignments} WHERE {_quoted(key.column)} = %s"  # noqa: S608
    _run(statement, rows, [*fields, key], add=False)


def _run(statement: str, rows: Sequence[Model], fields: Sequence["Field[Any, Any]"], *, add: bool) -> None:
    values = [
        [field.get_db_prep_save(field.pre_save(row, add), connection) for field in fields] for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)


def _table(row: Model) -> str:
    return connection.ops.quote_name(row._meta.db_table)


def _quoted(column: str) -> str:
    return connection.ops.quote_name(column)
