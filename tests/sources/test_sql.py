"""The rows of a database, through SQLAlchemy."""

import sqlite3
from pathlib import Path

import pytest

from workbench.data import describe_source
from workbench.errors import SourceError
from workbench.sources import find_data
from workbench.sources._sql_address import parse
from workbench.sources._sql_reading import _open_sqlite


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "re views#1.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE reviews (id INTEGER, text TEXT, label TEXT, day DATE, x)")
        rows = [(n, f"text {n}: 50% good", "pos" if n % 2 else None, b"2024", n or "none")
                for n in range(6)]  # fmt: skip
        base.executemany("INSERT INTO reviews VALUES (?, ?, ?, ?, ?)", rows)
    # A # in the path would begin the query.
    return f"sqlite:///{path.rename(tmp_path / 're views.db')}"


def refused(text: str) -> str:
    with pytest.raises(SourceError) as caught:
        find_data(text)
    return str(caught.value)


def test_a_query_gives_a_table_in_its_own_order(place):
    query = "SELECT text, label, x FROM reviews WHERE text LIKE '%: 50%' ORDER BY id DESC"
    found = find_data(f"{place}#{query}")
    table = found.tables["all"]
    assert (found.kind, found.place) == ("sql", f"{place}#{query}")
    assert table["text"][:] == [f"text {n}: 50% good" for n in (5, 4, 3, 2, 1, 0)]
    assert table["label"][:] == ["pos", None] * 3
    assert table["x"][:] == ["5", "4", "3", "2", "1", "none"]  # of several types: as texts


def test_a_table_is_taken_by_name_or_as_the_only_one(place):
    whole = find_data(f"{place}#reviews").tables["all"]
    assert whole.column_names == ["id", "text", "label", "day", "x"]
    assert whole["day"][0] == "2024"
    assert find_data(place).tables["all"]["id"][:] == list(range(6))
    assert refused(f"{place}#review") == (
        "sqlite://… has no table 'review'; there are reviews; write one of them after #, or a query"
    )


def test_views_schemas_and_names_with_a_blank_are_taken_too(place):
    with sqlite3.connect(place.removeprefix("sqlite:///")) as base:
        base.execute("CREATE VIEW good AS SELECT * FROM reviews WHERE label = 'pos'")
        base.execute('CREATE TABLE "Two Words" AS SELECT * FROM reviews')
    assert len(find_data(f"{place}#good").tables["all"]) == 3
    assert len(find_data(f"{place}#Two Words").tables["all"]) == 6
    assert len(find_data(f"{place}#main.reviews").tables["all"]) == 6
    assert len(find_data(f"{place}#SELECT r.text FROM main.reviews r").tables["all"]) == 6
    assert "there are Two Words, good, reviews;" in refused(f"{place}#best")


def test_rows_of_a_database_are_described_like_any_other(place):
    shown = describe_source(f"{place}#SELECT text, label FROM reviews")
    assert shown["splits"]["all"]["rows"] == 6
    assert shown["columns"]["text-classification"] == {"text": "text", "label": "label"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("DELETE FROM reviews", "does something else than ask for rows"),
        ("SELECT gone FROM reviews", "no such column: gone"),
        ("SELECT text FROM reviews WHERE id > 9", "the query gives no rows"),
        ("SELECT text, label AS text FROM reviews", "names two columns 'text'; name one"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
    ],
)
def test_a_query_that_gives_no_table_is_refused_and_changes_nothing(place, query, said):
    assert said in refused(f"{place}#{query}")
    assert len(find_data(place).tables["all"]) == 6


def test_a_password_stays_in_the_environment(monkeypatch):
    result = refused("postgresql://me:secret@host/name#reviews")
    assert "secret" not in result
    assert "write ${NAME} in its place" in result
    result = refused("postgresql://host/name?user=me&password=secret&sslpassword=${A}#reviews")
    assert "secret" not in result
    assert "password=hidden" in result
    monkeypatch.delenv("NO_SUCH_PASSWORD", raising=False)
    result = refused("postgresql://me:${NO_SUCH_PASSWORD}@host/name#reviews")
    assert result == "the environment variable NO_SUCH_PASSWORD is not set; set it, and try again"


def test_a_missing_file_and_a_missing_driver_say_what_to_do(tmp_path):
    assert refused(f"sqlite:///{tmp_path}/none.db").startswith("file not found: ")
    assert not (tmp_path / "none.db").exists()
    result = refused("oracle://me@host/name#reviews")
    assert result.startswith("no driver for oracle://…")


@pytest.mark.parametrize(
    "query",
    [
        "VACUUM INTO '{file}'",
        "ATTACH '{file}' AS other",
        "SELECT * FROM reviews; ATTACH '{file}' AS other",
        "WITH r AS (SELECT 1) INSERT INTO reviews(id) SELECT * FROM r",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA temp_store_directory = '{file}'",
        "SELECT load_extension('{file}')",
        "EXPLAIN QUERY PLAN SELECT 1",
    ],
)
def test_sqlite_makes_no_file_and_changes_nothing(place, query, tmp_path):
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    refused(f"{place}#{query.format(file=tmp_path / 'made')}")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_authorizer_alone_keeps_sqlite_from_making_files(place, tmp_path):
    """Whatever passes as a question is asked step by step what it does."""
    connection = _open_sqlite(Path(place.removeprefix("sqlite:///")))
    for statement in (
        f"VACUUM INTO '{tmp_path}/a'",
        f"ATTACH '{tmp_path}/b' AS b",
        "DROP TABLE reviews",
    ):
        with pytest.raises(sqlite3.DatabaseError, match="authoriz"):
            connection.execute(statement)
    assert [path.suffix for path in tmp_path.iterdir()] == [".db"]


@pytest.mark.parametrize(
    "part",
    [
        "odbc_connect=DRIVER%3Dx%3BUID%3Du%3BPWD%3Dhunter2",
        "api_key=hunter2", "private_key=hunter2", "passphrase=hunter2", "password=hunter2",
        "anything=hunter2", "schema=a%3Bpwd%3Dhunter2", "schema=public&schema=a%3Dhunter2",
    ],
)  # fmt: skip
@pytest.mark.parametrize("address", ["postgresql://me@host/name", "sqlite:///rows.db"])
def test_what_a_url_asks_is_a_secret_unless_it_is_known_to_be_harmless(address, part):
    result = refused(f"{address}?{part}#reviews")
    assert "hunter2" not in result
    assert "write ${NAME} in its place" in result


@pytest.mark.parametrize(
    "url",
    ["mssql+pyodbc://me@host/name;PWD=hunter2", "postgresql://me;hunter2=@host/name",
     "postgresql://me:hunter2@host:port/name", "postgresql://me:hunt:er2@ho st/x y=z"],
)  # fmt: skip
def test_secrets_hidden_elsewhere_in_a_url_are_not_shown(url):
    assert "er2" not in refused(f"{url}#reviews")


def test_what_is_known_to_be_harmless_may_stand_in_a_url():
    url = "postgresql+none://me:${A}@host:5432/name?sslmode=require&application_name=wb&x=${B}"
    assert parse(url).query == {"sslmode": "require", "application_name": "wb", "x": "${B}"}


def test_a_database_without_a_way_only_to_read_is_refused():
    assert refused("mssql+pyodbc://me@host/name#SELECT 1 DROP TABLE x") == (
        "mssql://… offers no connection that only reads; write the rows to a .csv or .parquet file "
        "there, and give that file"
    )
