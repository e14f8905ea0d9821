"""Questions whose answers are written: what is asked, learned, read back and scored."""

import json

import pytest

from tests.tasks.test_decoders import CHATML, PLACES, make_tiny_decoder
from tests.tiny_models import make_tiny_bert
from tests.tiny_runs import GOOD, THINGS, tiny_spec
from tests.tiny_writers import make_tiny_t5
from workbench import pipeline
from workbench.cli import main
from workbench.errors import DataError
from workbench.evaluation.run import predict_texts
from workbench.reporting import render
from workbench.spec import SpecError, load
from workbench.tasks import load_task
from workbench.tasks._answers import compare
from workbench.tasks._guessing import IGNORED
from workbench.tasks._written_answers import answer_or_none
from workbench.training.prepare import prepare


def make_rows(unanswerable=True):
    rows = []
    for word in GOOD:
        for number, thing in enumerate(THINGS):
            text = f"the {thing} was {word}"
            none = unanswerable and number % 4 == 0
            answers = [] if none else [{"text": word, "answer_start": text.index(word)}]
            asked = "who was it?" if none else "how was it?"
            rows.append({"question": asked, "context": text, "answers": answers})
    return rows


def make_long_llama(path):
    """Write a Llama that takes 512 tokens."""
    make_tiny_decoder(path, "llama", CHATML)
    for name, key in (
        ("config.json", "max_position_embeddings"), ("tokenizer_config.json", "model_max_length"),
    ):  # fmt: skip
        held = json.loads((path / name).read_text("utf-8")) | {key: 512}
        (path / name).write_text(json.dumps(held), "utf-8")
    return path


def asked_spec(folder, kind="llama", rows=None, **changes):
    folder.mkdir(exist_ok=True)
    data = folder / "rows.json"
    data.write_text(json.dumps(make_rows() if rows is None else rows), "utf-8")
    makers = {
        "llama": make_long_llama,
        "gpt2": lambda path: make_tiny_decoder(path, "gpt2", CHATML),
        "t5": make_tiny_t5, "bert": make_tiny_bert,
    }  # fmt: skip
    model = folder / kind
    if not model.exists():
        makers[kind](model)
    return tiny_spec(
        folder,
        **{
            "task": "question-answering", "data.source": str(data), "model.source": str(model),
            "data.max_tokens": 480 if kind == "llama" else 60, "inspect.probes": [],
            "train.learning_rate": 1e-2, "train.num_train_epochs": 1, "train.eval_steps": 0,
            **changes,
        },
    )  # fmt: skip


SHORT = {"generate.max_new_tokens": 6}
TERSE = {"data.prompt_template": "{question} {context}"}


@pytest.mark.parametrize(
    ("kind", "how", "head", "result"),
    [
        ("llama", "auto", "AutoModelForCausalLM", "generative"),
        ("gpt2", "auto", "AutoModelForCausalLM", "generative"),
        ("gpt2", "extractive", "AutoModelForQuestionAnswering", "extractive"),
        ("bert", "auto", "AutoModelForQuestionAnswering", "extractive"),
        ("t5", "auto", "AutoModelForQuestionAnswering", "extractive"),
        ("t5", "generative", "AutoModelForSeq2SeqLM", "generative"),
        ("bert", "generative", "AutoModelForSeq2SeqLM", "generative"),
    ],
)
def test_answers_are_found_or_written_as_the_spec_says(kind, how, head, result, tmp_path):
    changes = SHORT | TERSE if result == "generative" else {}
    prepared = prepare(asked_spec(tmp_path, kind, **{"model.answers": how, **changes}))
    assert prepared.task.auto_class == head
    assert prepared.task.is_generative == (result == "generative")
    assert prepared.spec.model.answers == result
    asked = prepared.spec.data.prompt_template
    assert ("{question}" in asked) == (result == "generative")


def test_a_setting_of_the_other_way_is_refused(tmp_path):
    with pytest.raises(SpecError, match=r"6 has no effect in question-answering with this model"):
        prepare(asked_spec(tmp_path, "bert", **SHORT))
    with pytest.raises(SpecError, match=r"evaluate\.null_threshold: 1\.0 has no effect"):
        prepare(asked_spec(tmp_path, "llama", **{"evaluate.null_threshold": 1.0}))
    with pytest.raises(SpecError, match=r"model\.answers: 'generative' has no effect"):
        prepare(asked_spec(tmp_path).replace({"task": "fill-mask", "model.answers": "generative"}))
    with pytest.raises(DataError, match=r"\{question\} is missing"):
        prepare(asked_spec(tmp_path, **{"data.prompt_template": "read: {context}", **SHORT}))


def test_the_answer_alone_is_learned_and_none_has_a_word(tmp_path):
    prepared = prepare(asked_spec(tmp_path, **{"generate.max_new_tokens": 12}))
    template = prepared.spec.data.prompt_template
    assert template.startswith("Answer the question with words from the text. If the text does not")
    rows = {row["row"]: row for row in prepared.data.train}
    seen = set()
    for one in prepared.train:
        row = rows[one["row"]]
        learned = prepared.tokenizer.decode([n for n in one["labels"] if n != IGNORED])
        shown = prepared.tokenizer.decode(one["input_ids"])
        text = row["answers"]["text"][0] if row["answers"]["text"] else "unanswerable"
        assert learned == text + "</s>"
        assert f"Text: {row['context']}\n\nQuestion: {row['question']}</s>" in shown
        seen.add(text == "unanswerable")
    assert seen == {True, False}
    sure = prepare(asked_spec(tmp_path, rows=make_rows(False), **SHORT))
    assert "unanswerable" not in sure.spec.data.prompt_template


def test_a_question_in_chinese_is_asked_in_chinese(tmp_path):
    rows = [
        {"question": "我们今天去了哪里？", "context": f"今天的天气很好，我们去了{place}。",
         "answers": [{"text": place, "answer_start": 12}] * (number > 1)}
        for number, place in enumerate(PLACES[:8])
    ]  # fmt: skip
    prepared = prepare(asked_spec(tmp_path, rows=rows, **SHORT))
    assert "请写：无法回答。" in prepared.spec.data.prompt_template


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    spec = asked_spec(
        tmp_path_factory.mktemp("asked"),
        **{"generate.max_new_tokens": 12, "train.num_train_epochs": 50},
    )
    return pipeline.train(spec)


def test_scores_are_those_of_answers_that_are_found(run, capsys):
    import pyarrow.parquet

    metrics = run.metrics()
    ours = metrics["metrics"]
    records = pyarrow.parquet.read_table(run.evaluation_path / "predictions.parquet").to_pylist()
    pairs = [compare(one["predicted"], one["answers"]) for one in records]
    assert ours["exact_match"] == pytest.approx(sum(exact for exact, _ in pairs) / len(pairs))
    assert ours["f1"] == pytest.approx(sum(f1 for _, f1 in pairs) / len(pairs))
    assert ours["f1"] > 0.5 > metrics["baselines"]["before"]["f1"]
    assert {"overlapping_sentence", "before"} <= set(metrics["baselines"])
    assert "f1" in metrics["intervals"]["after"]
    html = render(run)
    assert "the film was" in html
    asked = {"question": "how was it?", "context": "the crew was kind"}
    [one] = predict_texts(run, [asked])
    capsys.readouterr()
    assert (
        main(["predict", str(run.path), "how was it?", "--with", "context=the crew was kind"]) == 0
    )
    assert capsys.readouterr().out.split("\t")[0] == answer_or_none(one, "predicted")


@pytest.mark.parametrize("said", ["unanswerable", " Unanswerable.", "无法回答。", "回答不能", ""])
def test_what_says_that_there_is_no_answer_is_none(said, run):
    from types import SimpleNamespace

    from workbench.tasks import Outcome

    table = [{"row": 1, "question": "q", "context": "c", "answers": {"text": [], "start": []}}]
    task = load_task("question-answering").for_model(run.spec(), "decoder")
    outputs = [{"sums": [0.0, 0, 0], "written": said}]
    [one] = task.predictions(Outcome(outputs, None, table, SimpleNamespace(spec=run.spec())))
    assert (one["predicted"], one["exact"]) == ("", 1.0)


def test_a_run_of_an_earlier_version_found_its_answers(run, tmp_path):
    text = run.spec_path.read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.strip().startswith("answers:")]
    (tmp_path / "spec.yaml").write_text("\n".join(lines), "utf-8")
    assert load(tmp_path).model.answers == "extractive"
    assert load(run.path).model.answers == "generative"


def test_answers_that_are_cut_off_are_counted(tmp_path):
    rows = make_rows(False)
    for row in rows[::2]:
        row["context"] = "we were all at home for dinner and so on " * 6 + row["context"]
        row["answers"][0]["answer_start"] = row["context"].index(row["answers"][0]["text"])
    spec = asked_spec(tmp_path, rows=rows, **SHORT, **TERSE, **{"data.max_tokens": 40})
    notes = prepare(spec).data.notes
    assert any(note.startswith(f"Questions whose answer is in the part of the passage that is "
                               f"cut off: {len(rows[::2])}.") for note in notes)  # fmt: skip
    whole = prepare(spec.replace({"data.max_tokens": 480})).data.notes
    assert not any("cut off" in note for note in whole)
