"""`URL#QUERY`: the rows of a database, through SQLAlchemy; SQLite is built in.

`sqlite:///reviews.db#SELECT text, label FROM reviews ORDER BY id`, `sqlite:///reviews.db#reviews`
for a whole table or view, or only the URL where there is one. Passwords are not written down:
`postgresql://me:${DB_PASSWORD}@host/name#…` takes them from the environment.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import SourceError, shorten
from ..language import told
from .contract import FoundData, FoundModel, Progress, Source
from .paths import is_database, no_such_file

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_PLAIN = (bool, int, float, str)
# A % stands for itself, also where the driver marks parameters so; PostgreSQL refuses to write.
_READING = {"no_parameters": True, "postgresql_readonly": True}
_SECRET = re.compile(r"(password|passwd|pwd|secret|token)$", re.IGNORECASE)


def claims(text: str) -> bool:
    """Say whether the text begins with the URL of a database."""
    return is_database(text)


def data(text: str, revision: str | None = None, progress: Progress | None = None) -> FoundData:
    """Return the rows that the query gives, in its order; nothing in the database is changed.

    Raises:
        SourceError: the database, table or driver is not there, the query fails or gives nothing,
            or the URL holds a password.
    """
    import sqlalchemy

    url, _, query = text.partition("#")
    try:
        engine = _engine(url)
        with engine.connect().execution_options(**_READING) as connection:
            answer = connection.exec_driver_sql(_statement(connection, query.strip(), url))
            table = _table(list(answer.keys()), answer.fetchall(), url)
            connection.rollback()
        engine.dispose()
    except ModuleNotFoundError as error:
        raise SourceError(
            "no driver for {database}: the module {module} is missing",
            "install it: pip install {module}",
            database=_scheme(url),
            module=error.name,
        ) from None
    except sqlalchemy.exc.SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise SourceError(
            "{database}: {reason}",
            "check the URL and the query after #",
            database=_scheme(url),
            reason=shorten(reason, 200),
        ) from None
    return FoundData(
        place=text, kind="sql", tables={"all": table}, about={"title": shorten(query or url)}
    )


def model(text: str, revision: str | None = None, progress: Progress | None = None) -> FoundModel:
    """Refuse: there are no models in a database."""
    raise SourceError(
        "{database} is a database, and a model is a folder",
        "give a path, wheel:NAME, scratch:NAME or a hub id such as org/name",
        database=_scheme(text),
    )


def _scheme(url: str) -> str:
    """Return the part of a URL that may be shown."""
    return f"{url.partition('://')[0]}://…"


def _engine(url: str) -> Any:
    """Return an engine that reads; SQLite is opened so that it cannot write."""
    import sqlalchemy

    written = sqlalchemy.make_url(url)
    told = {n: v for n, v in written.query.items() if _SECRET.search(n) and not _is_variable(v)}
    if told or (written.password and not _is_variable(written.password)):
        raise SourceError(
            "the URL {url} holds a password, which would be written into every run",
            "write ${{NAME}} in its place, and set the environment variable NAME",
            url=written.update_query_dict(dict.fromkeys(told, "hidden")).render_as_string(),
        )
    filled = sqlalchemy.make_url(_VARIABLE.sub(_from_environment, url))
    backend = filled.get_backend_name()
    if backend not in ("sqlite", "duckdb"):
        return sqlalchemy.create_engine(filled)
    place = Path(filled.database or "").expanduser()
    if not place.is_file():
        raise no_such_file(str(place))
    if backend == "duckdb":
        return sqlalchemy.create_engine(filled, connect_args={"read_only": True})
    address = f"{place.absolute().as_uri()}?mode=ro"
    return sqlalchemy.create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True))


def _is_variable(value: Any) -> bool:
    return _VARIABLE.fullmatch(str(value)) is not None


def _from_environment(match: re.Match[str]) -> str:
    from urllib.parse import quote

    if match[1] not in os.environ:
        raise SourceError(
            "the environment variable {name} is not set", "set it, and try again", name=match[1]
        )
    return quote(os.environ[match[1]], safe="")


def _statement(connection: Any, query: str, url: str) -> str:
    """Return the query; the name of a table or view gives all of it, nothing the only table."""
    import sqlalchemy

    found = sqlalchemy.inspect(connection)
    quote = connection.dialect.identifier_preparer.quote
    if query and found.has_table(query):
        return f"SELECT * FROM {quote(query)}"
    if re.search(r"\s", query):
        return query
    schema, _, name = query.rpartition(".")
    if schema and found.has_table(name, schema=schema):
        return f"SELECT * FROM {quote(schema)}.{quote(name)}"
    names = sorted([*found.get_table_names(), *found.get_view_names()])
    listed = shorten(", ".join(names), 200) or told("none")
    if query:
        raise SourceError(
            "{database} has no table {query!r}; there are {tables}",
            "write one of them after #, or a query",
            database=_scheme(url),
            query=shorten(query),
            tables=listed,
        )
    if len(names) != 1:
        raise SourceError(
            "{database} has {count} tables: {tables}",
            "write one of them, or a query, after #",
            database=_scheme(url),
            count=len(names),
            tables=listed,
        )
    return f"SELECT * FROM {quote(names[0])}"


def _table(names: list[str], rows: list[Any], url: str) -> Any:
    """Return rows as an Arrow table of `datasets`; a column of several types becomes text."""
    from datasets import Dataset

    if double := next((name for name in names if names.count(name) > 1), None):
        raise SourceError(
            "the query names two columns {column!r}",
            "name one of them anew with AS",
            column=shorten(double),
        )
    if not rows:
        raise SourceError(
            "{database}: the query gives no rows", "check its conditions", database=_scheme(url)
        )
    columns = zip(*rows, strict=True)
    return Dataset.from_dict({n: _even(column) for n, column in zip(names, columns, strict=True)})


def _even(values: Sequence[Any]) -> list[Any]:
    """Return a column as it is if its values are of one plain type, else as texts."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1 and kinds <= set(_PLAIN):
        return list(values)
    return [None if value is None else _as_text(value) for value in values]


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


SOURCE = Source(kind="sql", claims=claims, data=data, model=model)
