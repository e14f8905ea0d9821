"""Reading a database and nothing else: one statement, over a connection that cannot write.

SQLite asks an authorizer about every step of a statement, so that `ATTACH` and `VACUUM INTO`, which
make files, are refused even where the database itself is open for reading. Servers answer within a
transaction that only reads. An engine for which there is no such thing is not read.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

from ..errors import SourceError
from ..runs.names import expanded
from ..runs.reads import note_read
from .paths import no_such_file

_ASKS = re.compile(r"\s*(\(\s*)*(select|with|values|table|from)\b", re.IGNORECASE)
# They let a server write a file; a transaction that only reads does not hinder them.
_WRITES_FILES = re.compile(r"\b(outfile|dumpfile)\b", re.IGNORECASE)
_TELLS = {
    "database_list", "foreign_key_list", "index_info", "index_list", "index_xinfo",
    "read_uncommitted", "table_info", "table_list", "table_xinfo",
}  # fmt: skip
# SQLAlchemy names a server; each begins its transactions so.
_BEGINS = {
    "postgresql": ("SET TRANSACTION READ ONLY",),
    "mysql": ("SET SESSION TRANSACTION READ ONLY", "START TRANSACTION READ ONLY"),
    "mariadb": ("SET SESSION TRANSACTION READ ONLY", "START TRANSACTION READ ONLY"),
    "oracle": ("SET TRANSACTION READ ONLY",),
}
# PostgreSQL's drivers begin each transaction anew, and a % stands for itself in all of them.
_READING = {"no_parameters": True, "postgresql_readonly": True}


def engine_of(url: Any) -> Any:
    """Return an engine for a database that can be read and not written.

    Raises:
        SourceError: its file is not there, or the engine has no way only to read.
    """
    import sqlalchemy

    backend = url.get_backend_name()
    if backend in _BEGINS:
        return sqlalchemy.create_engine(url)
    if backend not in ("sqlite", "duckdb"):
        raise SourceError(
            "{database} offers no connection that only reads",
            "write the rows to a .csv or .parquet file there, and give that file",
            database=f"{backend}://…",
        )
    place = expanded(url.database or "")
    if not place.is_file():
        raise no_such_file(str(place))
    note_read(place)
    if backend == "duckdb":
        closed = {"enable_external_access": "false", "lock_configuration": "true"}
        return sqlalchemy.create_engine(url, connect_args={"read_only": True, "config": closed})
    return sqlalchemy.create_engine("sqlite://", creator=lambda: _open_sqlite(place))


def begin(engine: Any) -> Any:
    """Return a connection whose transaction only reads."""
    connection = engine.connect().execution_options(**_READING)
    for statement in _BEGINS.get(connection.dialect.name, ()):
        connection.exec_driver_sql(statement)
    return connection


def asks(query: str) -> bool:
    """Say whether a query begins as one that asks for rows."""
    return _ASKS.match(query) is not None


def require_question(query: str) -> str:
    """Return a query without its last semicolon if it is one statement that only asks.

    Raises:
        SourceError: saying what it does besides.
    """
    query = query.strip().rstrip("; \t\r\n")
    if not asks(query) or _WRITES_FILES.search(query):
        raise SourceError(
            "the query after # does something else than ask for rows",
            "write one that begins with SELECT or WITH; a database is only read",
        )
    if ";" in query and not _is_quoted(query):
        raise SourceError(
            "the query after # holds a semicolon, and one statement at a time is read",
            "leave the others out",
        )
    return query


def _is_quoted(query: str) -> bool:
    """Say whether all semicolons are surely within 'texts'."""
    if re.search(r"[$\\\"`#]|--|/\*", query):  # other quotes and comments: what holds is not sure
        return False
    return ";" not in re.sub(r"'[^']*'", "", query)


def _open_sqlite(place: Path) -> sqlite3.Connection:
    address = f"{place.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True)
    connection.execute("PRAGMA query_only = 1")
    connection.set_authorizer(_permit)
    return connection


def _permit(action: int, first: str | None, second: str | None, *_: Any) -> int:
    reads = (
        sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
    )  # fmt: skip
    allowed = (
        action in reads
        or (action == sqlite3.SQLITE_FUNCTION and str(second).lower() != "load_extension")
        or (action == sqlite3.SQLITE_PRAGMA and str(first).lower() in _TELLS)
    )
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY
