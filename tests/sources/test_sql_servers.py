"""PostgreSQL and MariaDB, real servers on loopback: a source asks and never writes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
import sqlalchemy

from tests.servers import MARIADB, POSTGRESQL, mariadb, postgresql
from workbench.errors import SourceError
from workbench.sources import find_data

SERVERS = {
    "postgresql": pytest.param(
        postgresql, marks=pytest.mark.skipif(not POSTGRESQL, reason="PostgreSQL is not installed")
    ),
    "mariadb": pytest.param(
        mariadb, marks=pytest.mark.skipif(not MARIADB, reason="MariaDB is not installed")
    ),
}


@pytest.fixture(scope="module", params=SERVERS.values(), ids=SERVERS)
def url(request):
    with (
        tempfile.TemporaryDirectory(prefix="wb-") as folder,
        request.param(Path(folder) / "server") as url,
    ):
        run(url, "CREATE TABLE reviews (id INTEGER, text VARCHAR(99), label VARCHAR(9))")
        for n in range(6):
            run(url, f"INSERT INTO reviews VALUES ({n}, 'text {n}; 50%', 'l{n % 2}')")
        yield url


def run(url: str, statement: str) -> list:
    """Do something as somebody who may."""
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        answer = connection.exec_driver_sql(statement.replace("%", "%%"))
        rows = answer.fetchall() if answer.returns_rows else []
    engine.dispose()
    return rows


def state(url: str) -> tuple:
    tables = sqlalchemy.inspect(sqlalchemy.create_engine(url)).get_table_names()
    return sorted(tables), run(url, "SELECT * FROM reviews ORDER BY id")


def test_the_rows_of_a_query_and_of_a_table(url):
    query = "SELECT text, label FROM reviews WHERE text LIKE '%; 50%' ORDER BY id DESC"
    assert find_data(f"{url}#{query}").tables["all"]["text"][:2] == ["text 5; 50%", "text 4; 50%"]
    assert len(find_data(f"{url}#reviews").tables["all"]) == 6
    assert (
        len(find_data(f"{url}#WITH r AS (SELECT * FROM reviews) SELECT * FROM r;").tables["all"])
        == 6
    )


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM reviews",
        "CREATE TABLE other AS SELECT * FROM reviews",
        "SELECT * INTO other FROM reviews",
        "SELECT 1 AS a; COMMIT; CREATE TABLE other (a INTEGER)",
        "SELECT $$'$$ AS a; COMMIT; CREATE TABLE other (a INTEGER); SELECT 'x' AS a",
        r"SELECT E'\'' AS a; COMMIT; CREATE TABLE other (a INTEGER); SELECT '' AS a",
        "SELECT 1 AS a -- ';\n; COMMIT; CREATE TABLE other (a INTEGER) -- '",
        "WITH gone AS (DELETE FROM reviews RETURNING *) SELECT * FROM gone",
        "SET TRANSACTION READ WRITE",
        "DO $$ BEGIN DELETE FROM reviews; COMMIT; END $$",
        "EXPLAIN ANALYZE DELETE FROM reviews",
        "SELECT * FROM reviews INTO OUTFILE '{file}'",
        "SELECT * FROM reviews INTO/**/DUMPFILE '{file}'",
        "COPY reviews TO '{file}'",
        "CALL anything()",
        "SELECT setval('made', 9)",
        "TRUNCATE reviews",
    ],
)
def test_what_does_more_than_ask_is_refused_and_leaves_no_trace(url, query):
    before = state(url)
    file = Path(tempfile.gettempdir()) / f"written-{os.getpid()}"
    with pytest.raises(SourceError):
        find_data(f"{url}#{query.format(file=file) if '{file}' in query else query}")
    assert state(url) == before
    assert not file.exists()


def test_a_function_that_writes_is_refused_by_the_server(url):
    grows = "INSERT INTO reviews VALUES (9, 'a', 'b');"
    if url.startswith("postgresql"):
        body = f"AS $$ {grows} SELECT 1 $$ LANGUAGE SQL"
    else:
        body = f"BEGIN {grows} RETURN 1; END"
    made = f"CREATE FUNCTION grow() RETURNS INTEGER {body}"
    run(url, made)
    before = state(url)
    with pytest.raises(SourceError, match=r"(?i)read.only"):
        find_data(f"{url}#SELECT grow() AS grown")
    assert state(url) == before


def test_a_server_that_is_not_there_is_said_in_a_line(url):
    with pytest.raises(SourceError) as caught:
        find_data(f"{url.rpartition(':')[0]}:1/postgres#reviews")
    assert "\n" not in str(caught.value)
    assert "check the URL" in str(caught.value)
