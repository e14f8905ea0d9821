"""The contract of every source, walked over all files of the folder."""

import dataclasses
import inspect
import os
from pathlib import Path

import pytest

import workbench.sources as package
from workbench.errors import SourceError
from workbench.sources import FoundData, FoundModel, Source, find_data, find_model, sources

# For each kind: texts it must claim, and whether it has data and models.
EXAMPLES = {
    "wheel": (["wheel:tweets", "wheel:a/b", "wheel:"], {"data", "model"}),
    "scratch": (["scratch:minilm", "scratch:nope"], {"model"}),
    "local": (
        [
            *("./x", "../x", "/x/y", "~/x", "a.csv", "a.CSV.gz", "dir/a.jsonl", "a/b/c", "dir/"),
            *("reviews/*.csv", "part-?", "a.csv; b.csv", "old.xls"),
            *(r"C:\data\a.csv", r"dir\a.csv", "C:/data", ".", "..", r".\x"),
        ],
        {"data", "model"},
    ),
    "sql": (
        [
            "sqlite:///reviews.db",
            "sqlite:///a/b.db#SELECT x FROM y WHERE z = 'a.csv'",
            "postgresql+psycopg://me:${PASSWORD}@host/name#reviews",
        ],
        {"data"},
    ),
    "hub": (
        ["org/name", "org/name:subset", "bert-base-uncased", "nyu-mll/glue:sst2", "a.b/c_d-e"],
        {"data", "model"},
    ),
}


def test_every_file_of_the_folder_is_found_and_has_examples():
    files = {
        path.stem
        for path in Path(package.__file__).parent.glob("[a-z]*.py")
        if "SOURCE =" in path.read_text("utf-8")
    }
    assert {source.kind for source in sources()} == files == set(EXAMPLES)


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.kind)
def test_a_source_is_a_frozen_record_of_functions(source):
    assert isinstance(source, Source)
    with pytest.raises(dataclasses.FrozenInstanceError):
        source.kind = "other"
    for function in (source.data, source.model):
        assert list(inspect.signature(function).parameters) == ["text", "revision", "progress"]


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.kind)
def test_a_source_claims_its_own_texts_and_no_other_does(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text in EXAMPLES[source.kind][0]:
        assert [other.kind for other in sources() if other.claims(text)] == [source.kind], text


def test_what_exists_is_local_even_if_it_is_called_like_a_hub_id(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org" / "name").mkdir(parents=True)
    assert [source.kind for source in sources() if source.claims("org/name")] == ["local"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no colon in names")
def test_a_prefix_comes_before_a_file_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wheel:tweets").mkdir()
    assert [source.kind for source in sources() if source.claims("wheel:tweets")] == ["wheel"]


@pytest.mark.parametrize("text", ["", "  ", "two words", "a b/c", "org/name:a:b", "Ünï/cödé"])
def test_a_text_that_nobody_claims_is_refused(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not [source for source in sources() if source.claims(text)]
    for call in (find_data, find_model):
        with pytest.raises(SourceError, match=r"; give a path, wheel:NAME"):
            call(text)


def test_the_refusal_says_what_could_be_written():
    with pytest.raises(SourceError) as caught:
        find_data("two words")
    assert str(caught.value) == (
        "'two words' is neither an existing path nor a name of anything else; give a path, "
        "wheel:NAME or a hub id such as org/name"
    )
    with pytest.raises(SourceError) as caught:
        find_model("")
    assert str(caught.value) == (
        "no model source is given; give a path, wheel:NAME, scratch:NAME or a hub id such as "
        "org/name"
    )


def test_a_misspelt_prefix_gives_the_right_one():
    with pytest.raises(SourceError) as caught:
        find_data("whel:tweets")
    assert str(caught.value) == (
        "'whel:tweets' names no known kind of source; did you mean wheel:tweets?"
    )


@pytest.mark.parametrize("kind", ["wheel", "local", "scratch"])
def test_what_is_found_is_a_frozen_record_that_names_place_and_kind(
    kind, tree, use_catalogue, tiny_bert, tmp_path
):
    use_catalogue(tree)
    (tmp_path / "a.csv").write_text("text,label\na,b\n")
    places = {
        "wheel": ("wheel:tweets", "wheel:minilm"),
        "local": (str(tmp_path / "a.csv"), str(tiny_bert)),
        "scratch": (None, "scratch:minilm"),
    }
    for place, call, record in zip(
        places[kind], (find_data, find_model), (FoundData, FoundModel), strict=True
    ):
        if place is None:
            continue
        found = call(place)
        assert isinstance(found, record)
        assert (found.place, found.kind) == (place, kind)
        assert found.about["title"]
        with pytest.raises(dataclasses.FrozenInstanceError):
            found.place = "other"
