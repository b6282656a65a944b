"""Writing many rows with one statement each for all of them, on every database that we support.

Django's own bulk methods split SQLite's statements by the number of values, so that they grow with the rows.
"""

from collections.abc import Sequence

from django.db import connection

from instances.models import Instance


def insert(rows: Sequence[Instance]) -> None:
    """Add rows; one that somebody else has added meanwhile is passed over."""
    if not rows:
        return
    fields = Instance._meta.concrete_fields
    columns = ", ".join(_quoted(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    table = _quoted(Instance._meta.db_table)
    # Names come from the model; every value is passed apart.
    statement = f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    _run(statement, rows, [field.name for field in fields])


def update(rows: Sequence[Instance], names: Sequence[str]) -> None:
    """Store these fields of each row."""
    if not rows or not names:
        return
    columns = [Instance._meta.get_field(name).column for name in names]
    assignments = ", ".join(f"{_quoted(column)} = %s" for column in columns)
    key = _quoted(Instance._meta.pk.column)
    statement = f"UPDATE {_quoted(Instance._meta.db_table)} SET {assignments} WHERE {key} = %s"  # noqa: S608
    _run(statement, rows, [*names, "id"])


def _run(statement: str, rows: Sequence[Instance], names: Sequence[str]) -> None:
    fields = [Instance._meta.get_field(name) for name in names]
    values = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
