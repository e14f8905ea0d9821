"""`URL#QUERY`: the rows of a database, through SQLAlchemy; SQLite is built in.

`sqlite:///reviews.db#SELECT text, label FROM reviews ORDER BY id`, `sqlite:///reviews.db#reviews`
for a whole table or view, or only the URL where there is one. Passwords are not written down:
`postgresql://me:${DB_PASSWORD}@host/name#…` takes them from the environment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..errors import SourceError, shorten
from ..language import translate
from ._sql_address import fill, parse, scheme
from ._sql_reading import asks, begin, engine_of, require_question
from .base import FoundData, FoundModel, Progress, Source
from .paths import is_database

_PLAIN = (bool, int, float, str)


def claims(text: str) -> bool:
    """Say whether the text begins with the URL of a database."""
    return is_database(text)


def data(text: str, revision: str | None = None, progress: Progress | None = None) -> FoundData:
    """Return the rows that the query gives, in its order; nothing in the database is changed.

    Raises:
        SourceError: the database, table or driver is not there, the query fails, gives nothing or
            does more than ask, or the URL holds a password.
    """
    import sqlalchemy

    url, _, query = text.partition("#")
    try:
        parse(url)
        engine = engine_of(fill(url))
        with begin(engine) as connection:
            answer = connection.exec_driver_sql(_statement(connection, query.strip(), url))
            table = _table(list(answer.keys()), answer.fetchall(), url)
            connection.rollback()
        engine.dispose()
    except ModuleNotFoundError as error:
        raise SourceError(
            "no driver for {database}: the module {module} is missing",
            "install it: pip install {module}",
            database=scheme(url),
            module=error.name,
        ) from None
    except (sqlalchemy.exc.SQLAlchemyError, ValueError, ArithmeticError) as error:
        reason = getattr(error, "orig", None) or error
        raise SourceError(
            "{database}: {reason}",
            "check the URL and the query after #",
            database=scheme(url),
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
        database=scheme(text),
    )


def _statement(connection: Any, query: str, url: str) -> str:
    """Return the query; the name of a table or view gives all of it, nothing the only table."""
    import sqlalchemy

    if re.search(r"\s", query) and asks(query):
        return require_question(query)
    found = sqlalchemy.inspect(connection)
    quote = connection.dialect.identifier_preparer.quote
    if query and _has_table(found, query):
        return f"SELECT * FROM {quote(query)}"
    if re.search(r"\s", query):
        return require_question(query)
    schema, _, name = query.rpartition(".")
    if schema and found.has_table(name, schema=schema):
        return f"SELECT * FROM {quote(schema)}.{quote(name)}"
    names = sorted([*found.get_table_names(), *found.get_view_names()])
    listed = shorten(", ".join(names), 200) or translate("none")
    if query:
        raise SourceError(
            "{database} has no table {query!r}; there are {tables}",
            "write one of them after #, or a query",
            database=scheme(url),
            query=shorten(query),
            tables=listed,
        )
    if len(names) != 1:
        raise SourceError(
            "{database} has {count} tables: {tables}",
            "write one of them, or a query, after #",
            database=scheme(url),
            count=len(names),
            tables=listed,
        )
    return f"SELECT * FROM {quote(names[0])}"


def _has_table(found: Any, name: str) -> bool:
    import sqlalchemy

    try:
        return found.has_table(name)
    except sqlalchemy.exc.ProgrammingError:  # MySQL: no table can have such a name
        return False


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
            "{database}: the query gives no rows", "check its conditions", database=scheme(url)
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
