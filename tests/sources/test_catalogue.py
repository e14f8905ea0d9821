import json
from pathlib import PurePosixPath

import numpy as np
import pytest

from workbench import language
from workbench.errors import SourceError
from workbench.sources import entries, find_data, find_model
from workbench.sources.scratch import scratch_models
from workbench.tasks import load_task

ALL = [*entries("model"), *entries("data")]


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.source)
def test_every_entry_is_complete(entry):
    assert entry.title["en"]
    assert entry.title["zh"]
    assert entry.title["en"] != entry.title["zh"]
    assert entry.licence
    assert entry.language
    assert entry.members
    assert len(entry.sha256) == 64
    assert entry.download_bytes > 0
    assert all(len(member.sha256) == 64 and member.size_bytes > 0 for member in entry.members)
    assert entry.size_bytes == sum(member.size_bytes for member in entry.members)
    assert load_task(entry.task).name == entry.task


def test_what_the_first_run_in_chinese_shows_of_data_and_model_is_chinese():
    for source in ("reviews-zh", "e5-multilingual"):
        entry = next(entry for entry in ALL if entry.name == source)
        with language.using("zh"):
            facts = entry.about()
        wanted = ("title", "language", "pretraining_data" if entry.kind == "model" else "origin")
        for name in wanted:
            assert any("\u4e00" <= sign <= "\u9fff" for sign in facts[name]), (source, name)


@pytest.mark.parametrize("entry", entries("data"), ids=lambda entry: entry.source)
def test_every_data_set_names_its_columns_by_the_roles_of_its_task(entry):
    roles = {role.name: role.required for role in load_task(entry.task).roles}
    assert set(entry.columns) <= set(roles)
    assert {name for name, required in roles.items() if required} <= set(entry.columns)
    assert entry.rows > 0
    assert len(entry.labels) >= 2 or not load_task(entry.task).names_labels
    assert set(entry.hints) <= {"encoding", "delimiter", "header"}


@pytest.mark.wheel
@pytest.mark.parametrize("entry", entries("model"), ids=lambda entry: entry.source)
def test_every_model_arrives_as_a_plain_folder_with_origin_and_licence(entry):
    folder = find_model(entry.source).path
    names = {path.name for path in folder.iterdir()}
    assert names >= {"config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"}
    readme = (folder / "README.md").read_text("utf-8")
    assert f"license: {entry.licence.lower()}" in readme
    assert ("from 4-bit weights" in readme) == bool(entry.layout)
    assert ("from 4-bit weights" in entry.pretraining_data) == bool(entry.layout)


@pytest.mark.parametrize(
    "entry", [one for one in entries("model") if not one.layout], ids=lambda entry: entry.source
)
def test_every_model_has_config_tokenizer_and_safetensors_in_one_folder(entry):
    paths = [PurePosixPath(member.path) for member in entry.members]
    assert {path.name for path in paths} >= {"config.json", "tokenizer.json", "model.safetensors"}
    assert len({path.parent for path in paths}) == 1
    assert entry.pretraining_data


def test_names_are_unique_and_what_the_defaults_ask_for_is_there():
    assert len({entry.source for entry in ALL}) == len(ALL)
    assert {entry.source for entry in ALL} >= {"wheel:minilm", "wheel:tweets"}
    assert set(scratch_models()) >= {"minilm", "bert-tiny"}


def test_titles_follow_the_language():
    tweets = next(entry for entry in ALL if entry.name == "tweets")
    language.use("zh")
    assert tweets.about()["title"] == tweets.title["zh"]
    language.use("en")
    assert tweets.about()["title"] == tweets.title["en"]


def test_an_unknown_name_gives_the_nearest():
    with pytest.raises(SourceError) as caught:
        find_data("wheel:tweet")
    assert str(caught.value) == "the catalogue has no data set 'tweet'; choose wheel:tweets"
    with pytest.raises(SourceError) as caught:
        find_model("wheel:xyz")
    assert str(caught.value) == (
        "the catalogue has no model 'xyz'; choose wheel:minilm | wheel:e5-multilingual | "
        "wheel:smollm2"
    )


def test_a_model_is_no_data_and_the_other_way_round():
    with pytest.raises(SourceError, match="wheel:minilm is a model, not a data set; choose wheel:"):
        find_data("wheel:minilm")
    with pytest.raises(SourceError, match="wheel:tweets is a data set, not a model; choose wheel:"):
        find_model("wheel:tweets")


@pytest.mark.wheel
@pytest.mark.parametrize("entry", entries("data"), ids=lambda entry: entry.source)
def test_every_set_holds_the_rows_columns_and_labels_that_the_catalogue_says(entry):
    import pandas as pd

    files = find_data(entry.source).files
    if entry.task == "token-classification":
        text = files[0].read_text("utf-8")
        sentences, _ = load_task(entry.task).read_file(text, files[0].name)
        assert len(sentences) == entry.rows
        assert {tag for row in sentences for tag in row["tags"]} == set(entry.labels)
        return
    if files[0].suffix == ".csv":
        frame = pd.read_csv(files[0], encoding=entry.hints["encoding"])
    else:
        lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
        frame = pd.json_normalize([json.loads(line) for line in lines])
    named = [name for place in entry.columns.values() for name in np.atleast_1d(place)]
    assert set(named) <= set(frame.columns)
    label = entry.columns.get("label")
    kept = frame[frame[label].astype(str).isin(entry.labels)] if entry.labels else frame
    assert len(kept) == entry.rows
    assert not entry.labels or set(kept[label].astype(str)) == set(entry.labels)
