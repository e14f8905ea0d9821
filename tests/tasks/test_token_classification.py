"""Tags: schemes and scores by hand, files with faults, and a run from file to report."""

import json
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.tiny_runs import THINGS, tiny_spec
from workbench import pipeline
from workbench.cli import main
from workbench.data import load_data
from workbench.errors import DataError
from workbench.evaluation.run import evaluate_file, predict_texts
from workbench.reporting import render
from workbench.spec import DataSpec
from workbench.tasks import load_task
from workbench.tasks._sentences import encode_windows, encode_words
from workbench.tasks._tags import as_bio, entities, entity_scores
from workbench.tasks.token_classification import coloured
from workbench.training.prepare import prepare

from .outcomes import outcome_of

TASK = load_task("token-classification")
NAMES = ("crew", "film", "plot", "happy ending")


def conll(extra=()):
    """Return 32 sentences in which a few words are things and one follows `at` as a place."""
    blocks = [
        "\n".join(
            ["the O", *tagged(name, "ART"), "was O", f"{thing} O", "at O", *tagged(place, "LOC")]
        )
        for name in NAMES
        for thing in THINGS[:4]
        for place in ("home", "blue sky")
    ]
    return "\n\n".join([*blocks, *extra]) + "\n"


def tagged(name, kind):
    words = name.split()
    tags = [f"B-{kind}"] + [f"I-{kind}"] * (len(words) - 1)
    return [f"{word} {tag}" for word, tag in zip(words, tags, strict=True)]


def tag_spec(folder, text=None, name="tags.conll", **changes):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(conll() if text is None else text, encoding="utf-8")
    return tiny_spec(
        folder,
        **{
            "task": "token-classification",
            "data.source": str(folder / name),
            "data.max_tokens": 32,
            "train.metric_for_best_model": "f1",
            **changes,
        },
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return pipeline.train(tag_spec(tmp_path_factory.mktemp("tags")))


# Schemes and scores


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("BIO", "B-PER I-PER O B-LOC B-LOC"),
        ("IOB1", "I-PER I-PER O I-LOC B-LOC"),
        ("BIOES", "B-PER E-PER O S-LOC S-LOC"),
        ("BILOU", "B-PER L-PER O U-LOC U-LOC"),
    ],
)
def test_every_scheme_spells_out_the_same_entities(scheme, tags):
    found = entities(tags.split())
    assert found == [("PER", 0, 1), ("LOC", 3, 3), ("LOC", 4, 4)]
    assert as_bio(found, 5) == ["B-PER", "I-PER", "O", "B-LOC", "B-LOC"]


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("I-PER I-LOC", [("PER", 0, 0), ("LOC", 1, 1)]),
        ("O I-PER", [("PER", 1, 1)]),
        ("B-PER I-LOC I-LOC", [("PER", 0, 0), ("LOC", 1, 2)]),
        ("E-PER I-PER", [("PER", 0, 0), ("PER", 1, 1)]),
        ("S-PER E-PER O", [("PER", 0, 0), ("PER", 1, 1)]),
        ("O O", []),
        ("B-PER.NAM I-PER.NAM", [("PER.NAM", 0, 1)]),
        ("B-creative-work I-creative-work", [("creative-work", 0, 1)]),
    ],
)
def test_tags_out_of_order_are_read_as_seqeval_does(tags, found):
    assert entities(tags.split()) == found


def test_an_entity_counts_only_with_its_type_and_both_ends():
    true = [["B-PER", "I-PER", "O", "B-LOC"], ["B-ORG", "O"]]
    said = [["B-PER", "O", "O", "B-LOC"], ["B-LOC", "O"]]
    found = entity_scores(true, said)
    assert found["precision"] == pytest.approx(1 / 3)
    assert found["recall"] == pytest.approx(1 / 3)
    assert found["f1"] == pytest.approx(1 / 3)
    by_type = {entry["label"]: entry for entry in found["per_class"]}
    assert (by_type["LOC"]["precision"], by_type["LOC"]["recall"]) == (0.5, 1.0)
    assert by_type["PER"]["f1"] == by_type["ORG"]["f1"] == 0
    assert found["f1_macro"] == pytest.approx((2 / 3) / 3)


def test_nothing_found_where_nothing_is_scores_nothing():
    found = entity_scores([["O"]], [["O"]])
    assert (found["precision"], found["recall"], found["f1"]) == (0, 0, 0)


def test_the_baseline_gives_each_word_its_most_frequent_tag():
    from datasets import Dataset

    labels = ["B-LOC", "I-LOC", "O"]
    train = Dataset.from_dict({"tokens": [["Bath", "is", "a", "Bath"], ["Bath"]],
                               "tags": [[0, 2, 2, 2], [0]]})  # fmt: skip
    outcome = outcome_of([None], labels, tokens=[["Bath", "unseen", "is"]], tags=[[0, 2, 2]])
    ((name, said),) = TASK.baselines(outcome, train).items()
    assert name == "most_frequent_tag"
    assert [labels[n] for n in said[0].argmax(axis=1)] == ["B-LOC", "O", "O"]


def test_words_that_were_cut_off_count_as_missed():
    labels = ["B-LOC", "I-LOC", "O"]
    seen = [[9.0, 0, 0], [np.nan] * 3]
    outcome = outcome_of([np.array(seen)], labels, tokens=[["Bath", "Rome"]], tags=[[0, 0]])
    found = TASK.evaluate(outcome)
    assert found["metrics"]["recall"] == 0.5
    assert found["metrics"]["precision"] == 1
    assert found["unseen_words"] == 1
    (record,) = TASK.predictions(outcome)
    assert record["predicted"] == ["B-LOC", "O"]
    assert record["loss"] == pytest.approx(0, abs=1e-3)


# Pieces


def test_only_the_first_piece_of_a_word_bears_its_tag(tmp_path):
    prepared = prepare(tag_spec(tmp_path))
    batch = {"tokens": [["the", "filmy", "plot"]], "tags": [[2, 0, 1]], "row": [1]}
    found = TASK.encode(batch, prepared.setup, True)
    pieces = prepared.tokenizer.convert_ids_to_tokens(found["input_ids"][0])
    assert len(pieces) > 5
    labels, first = found["labels"][0], found["first"][0]
    assert [labels[n] for n in first] == [2, 0, 1]
    assert sum(label != -100 for label in labels) == 3
    assert labels[0] == labels[-1] == -100
    assert pieces[first[2]][0] == "p"


def test_words_beyond_the_limit_are_in_a_window_of_their_own(tmp_path):
    prepared = prepare(tag_spec(tmp_path, **{"data.max_tokens": 4}))
    batch = {"tokens": [["the", "the", "the", "the"]], "tags": [[0, 1, 0, 2]], "row": [7]}
    found = TASK.encode(batch, prepared.setup, True)
    assert (found["first"], found["begin"]) == ([[1, 2, -1, -1], [1, 2]], [0, 2])
    assert found["row"] == [7, 7]
    assert [[label for label in row if label != -100] for row in found["labels"]] == [
        [0, 1],
        [0, 2],
    ]


def metaspace_setup(max_tokens=32, side="right"):
    """Return a setup whose tokenizer marks blanks as sentencepiece does: `▁` before each word."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = ["<s>", "</s>", "<unk>", "▁", *"中国在银行AB15", "▁在", "▁in", "▁A", "▁x", "中国"]
    tokenizer = Tokenizer(models.Unigram([(piece, -1.0) for piece in pieces], unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        pad_token="</s>", truncation_side=side,
    )  # fmt: skip
    data = SimpleNamespace(special_tokens_in_text="plain", prefix="")
    return SimpleNamespace(tokenizer=fast, max_tokens=max_tokens, spec=SimpleNamespace(data=data))


@pytest.mark.parametrize(
    ("words", "pieces", "first"),
    [
        # A text without blanks gives the model no token for a blank, as in its pretraining.
        ([*"中国银行"], ["▁", "中", "国", "银", "行"], [2, 3, 4, 5]),
        ([*"中在国"], ["▁", "中", "▁在", "国"], [2, 3, 4]),
        (["中国", "银行"], ["▁", "中国", "银", "行"], [2, 3]),
        ([*"用B1"], ["▁", "<unk>", "B", "1"], [2, 3, 4]),
        # A text with blanks keeps them.
        (["in", "15", "x"], ["▁in", "▁", "1", "5", "▁x"], [1, 3, 5]),
        (["A", "中国", "B5"], ["▁A", "中国", "B", "5"], [1, 2, 3]),
        # A word that is itself the mark of a blank stays.
        (["▁"], ["▁"], [1]),
        ([], [], []),
    ],
)
def test_no_token_is_left_of_a_blank_that_the_text_does_not_have(words, pieces, first):
    setup = metaspace_setup()
    found = encode_words(setup, [words])
    read = setup.tokenizer.convert_ids_to_tokens(found["input_ids"][0])
    assert (read[1:-1], found["first"]) == (pieces, [first])
    assert {len(held[0]) for name, held in found.items() if name != "first"} == {len(read)}


@pytest.mark.parametrize(("side", "kept"), [("right", "中国银"), ("left", "国银行")])
def test_the_limit_counts_what_is_left(side, kept):
    setup = metaspace_setup(max_tokens=6 if side == "right" else 5, side=side)
    found = encode_words(setup, [[*"中国银行"]])
    read = setup.tokenizer.convert_ids_to_tokens(found["input_ids"][0])
    assert len(read) == setup.max_tokens
    assert "".join(read[1:-1]).replace("▁", "") == kept
    assert [n >= 0 for n in found["first"][0]] == [word in kept for word in "中国银行"]


def words_seen(found, sentence):
    """Return the words that windows have a piece of, with the number of times."""
    seen = Counter()
    for first, begin, owner in zip(found["first"], found["begin"], found["sentence"], strict=True):
        seen.update(begin + n for n, piece in enumerate(first) if piece >= 0 and owner == sentence)
    return seen


@pytest.mark.parametrize("size", [4, 5, 6, 9, 40])
def test_windows_hold_every_word_once_and_begin_with_context(size):
    setup = metaspace_setup(max_tokens=size)
    sentences = [
        [*"中国在银行"] * 6,
        ["x"],
        [*"中国"],
        ["in", "15", "A", "x", "in", "in", "A", "x", "15", "15", "中国", "x", "x"],
    ]
    found = encode_windows(setup, sentences)
    for number, words in enumerate(sentences):
        seen = words_seen(found, number)
        longest = max(len(setup.tokenizer.tokenize(word)) for word in words)
        if longest <= size - 3:  # the first word may have a blank before it
            assert seen == dict.fromkeys(range(len(words)), 1)
    assert all(len(ids) <= size for ids in found["input_ids"])
    if size == 9:
        inner = [
            first for first, n in zip(found["first"], found["sentence"], strict=True) if n == 0
        ]
        assert [first[0] < 0 for first in inner] == [False] + [True] * (len(inner) - 1)


@pytest.mark.parametrize("hidden", ["\u200b", "\ufeff"])
def test_words_that_no_window_holds_are_passed_over(hidden, tmp_path):
    prepared = prepare(tag_spec(tmp_path, **{"data.max_tokens": 5}))
    words = ["the", *[hidden] * 40, "plot", "unbelievablyunbelievable", "the", "the", "the", "the"]
    found = encode_windows(prepared.setup, [words])
    seen = words_seen(found, 0)
    assert set(seen) >= {0, 41, 43, 44, 45, 46}
    assert set(seen.values()) == {1}


def test_words_behind_the_limit_are_learned_and_answered(tmp_path):
    from pyarrow import parquet

    short = pipeline.train(tag_spec(tmp_path, **{"data.max_tokens": 5, "train.max_steps": 2}))
    records = parquet.read_table(short.evaluation_path / "predictions.parquet").to_pylist()
    assert max(len(record["tokens"]) for record in records) > 5
    found = short.metrics()
    assert found["unseen_words"] == 0
    assert found["rows"] == len(records)


def test_windows_of_one_sentence_answer_as_one(tmp_path):
    from datasets import Dataset

    labels = ["B-LOC", "I-LOC", "O"]
    first = np.array([[9.0, 0, 0], [np.nan] * 3, [np.nan] * 3])
    second = np.array([[np.nan] * 3, [0, 9.0, 0]])
    outcome = outcome_of([first, second], labels)
    table = Dataset.from_dict({"tokens": [["New", "York", "x"]], "tags": [[0, 1, 2]], "row": [1]})
    rows = Dataset.from_dict({"row": [1, 1], "begin": [0, 0]})
    outcome = replace(outcome, table=table, rows=rows)
    (record,) = TASK.predictions(outcome)
    assert record["predicted"] == ["B-LOC", "I-LOC", "O"]
    assert TASK.evaluate(outcome)["metrics"]["f1"] == 1
    later = replace(outcome, rows=Dataset.from_dict({"row": [1, 1], "begin": [0, 1]}))
    assert TASK.predictions(later)[0]["predicted"] == ["B-LOC", "O", "I-LOC"]


def test_a_sentence_that_the_tokenizer_drops_is_left_out_of_training(tmp_path):
    prepared = prepare(tag_spec(tmp_path))
    batch = {"tokens": [["\u200b"], ["the"]], "tags": [[1], [0]], "row": [1, 2]}
    assert TASK.encode(batch, prepared.setup, True)["row"] == [2]
    assert TASK.encode(batch, prepared.setup, False)["first"] == [[-1], [1]]


def test_padding_has_no_label_and_stands_on_the_right_whatever_the_tokenizer_does(tmp_path):
    prepared = prepare(tag_spec(tmp_path))
    batch = {"tokens": [["the"], ["the", "the", "the"]], "tags": [[1], [0, 1, 2]], "row": [1, 2]}
    encoded = TASK.encode(batch, prepared.setup, True)
    rows = [{name: held[n] for name, held in encoded.items()} for n in range(2)]
    for side in ("left", "right"):
        prepared.tokenizer.padding_side = side
        tensors = TASK.collate(rows, prepared.setup)
        assert tensors["labels"].tolist() == [[-100, 1, -100, -100, -100], [-100, 0, 1, 2, -100]]
        assert tensors["attention_mask"].tolist() == [[1, 1, 1, 0, 0], [1] * 5]


# From a file to a report


def test_a_run_learns_and_beats_the_tagger(run):
    metrics = run.metrics()
    assert metrics["metrics"]["f1"] > 0.5
    assert metrics["metrics"]["f1"] > metrics["baselines"]["before"]["f1"]
    assert "most_frequent_tag" in metrics["baselines"]
    assert run.record()["labels"] == ["B-ART", "B-LOC", "I-ART", "I-LOC", "O"]
    evaluated = [event for event in run.events() if event["event"] == "evaluated"]
    assert set(evaluated[0]["metrics"]) == {"loss", "precision", "recall", "f1", "accuracy"}
    # Nothing was cut off here, so what was followed is what is found in the end.
    best = [event["metrics"]["f1"] for event in evaluated if event["best"]][-1]
    assert metrics["metrics"]["f1"] == pytest.approx(best, abs=1e-6)


def test_what_training_says_of_a_sentence_is_that_of_its_words(run):
    from workbench.dynamics import rank, read_dynamics
    from workbench.dynamics.rows import LearnedRows, describe_rows

    found = read_dynamics(run)
    assert len(found) == run.record()["train_rows"]
    assert found.loss[-1].mean() < found.loss[0].mean()
    assert ((found.margin > 0) == found.correct.astype(bool)).all()
    ranking = rank(found)
    assert ranking.name == "area_under_margin"
    (worst,) = describe_rows(found, ranking, LearnedRows(run), ranking.order[:1])
    assert len(worst["tokens"].split()) == len(worst["label"])


def test_padding_and_later_pieces_count_for_nothing():
    import torch

    logits = torch.tensor([[[2.0, 0.0], [0.0, 3.0], [9.0, 0.0]]])
    found = load_task("token-classification").observe(
        SimpleNamespace(logits=logits), torch.tensor([[0, 1, -100]]), None
    )
    assert found["correct"].tolist() == [True]
    assert found["margin"].tolist() == [2.0]
    each = torch.sigmoid(torch.tensor([2.0, 3.0]))
    assert found["confidence"].item() == pytest.approx(each.mean().item())
    assert found["loss"].item() == pytest.approx(-each.log().mean().item())


def test_the_report_shows_types_and_the_baseline(run):
    page = render(run)
    assert "F1 of the fine-tuned model on" in page
    assert "Most frequent tag of each word" in page
    assert "Scores by class" in page


def test_a_run_answers_texts_and_further_files(run, tmp_path, capsys):
    (answer,) = predict_texts(run, ["the crew was late at home"])
    assert answer["tokens"] == ["the", "crew", "was", "late", "at", "home"]
    assert len(answer["predicted"]) == 6
    further = tmp_path / "more.jsonl"
    row = {"tokens": ["the", "crew", "was", "at", "home"],
           "tags": ["O", "I-ART", "O", "O", "I-LOC"]}  # fmt: skip
    further.write_text("\n".join([json.dumps(row)] * 2), "utf-8")
    metrics, rows = evaluate_file(run, str(further))
    assert metrics["rows"] == 2
    assert rows[0]["label"] == ["O", "B-ART", "O", "O", "B-LOC"]
    assert main(["predict", str(run.path), "the crew was late at home"]) == 0
    assert capsys.readouterr().out.strip().endswith("\tthe crew was late at home")
    assert predict_texts(run, ["the <b>crew</b>, late"])[0]["text"] == "the <b>crew</b>, late"


def test_entities_are_coloured_and_everything_is_escaped():
    page = str(coloured(["<b>", "Bath", "&", "Rome"], ["O", "B-<i>", "I-<i>", "O"]))
    assert page.startswith("&lt;b&gt; <mark ")
    assert ">Bath &amp;<small" in page
    assert "&lt;i&gt;</small>" in page
    assert page.endswith("</mark> Rome")


def test_chinese_goes_without_blanks_and_text_is_cut_into_characters():
    assert "我在<mark" in str(coloured(list("我在北京"), ["O", "O", "B-LOC", "I-LOC"]))
    record = {"tokens": list("在北京"), "predicted": ["O", "B-LOC", "I-LOC"], "text": "在北京"}
    assert TASK.line(record) == "北京 [LOC]\t在北京"
    words, tags = list("他在NBA打球"), ["O", "O", "B-ORG", "I-ORG", "I-ORG", "O", "O"]
    assert ">NBA<small" in str(coloured(words, tags))
    record = {"tokens": words, "predicted": tags, "text": "他在NBA打球"}
    assert TASK.line(record) == "NBA [ORG]\t他在NBA打球"
    assert "看<mark" in str(coloured(["看", "New", "York"], ["O", "B-LOC", "I-LOC"]))
    assert ">New York<small" in str(coloured(["看", "New", "York"], ["O", "B-LOC", "I-LOC"]))
    read = TASK.read({"tokens": "我在北京！Bob's here."}, None)
    assert read["tokens"] == ["我", "在", "北", "京", "！", "Bob's", "here", "."]


# Files


def load(path, text, **spec):
    path.write_text(text, "utf-8")
    return load_data(DataSpec(source=str(path), validation_share=0.5, **spec), TASK, 42)


def rows_of(data):
    names = data.labels
    return {
        row["row"]: (row["tokens"], [names[n] for n in row["tags"]])
        for row in [*data.train, *data.validation]
    }


def test_conll_2003_has_more_columns_and_headers(tmp_path):
    text = "-DOCSTART- -X- O O\n\n" + "\n\n".join(
        f"EU{n} NNP I-NP I-ORG\nrejects VBZ I-VP O" for n in range(6)
    )
    data = load(tmp_path / "eng.train", text)
    assert rows_of(data)[2] == (["EU1", "rejects"], ["B-ORG", "O"])
    assert data.notes == [
        "Converted the tags of 6 of the training rows to BIO, with the same entities (row 1 "
        "(“EU0: I-ORG → B-ORG”), row 2 (“EU1: I-ORG → B-ORG”), row 3 (“EU2: I-ORG → B-ORG”), "
        "…)."
    ]


def test_numbered_words_with_two_columns_of_tags_take_the_first(tmp_path):
    text = "\n\n".join(
        f"#\thttp://x.org/{n} [2009]\n1\tBerlin{n}\tB-LOC\tO\n2\tliegt\tO\tO" for n in range(6)
    )
    assert rows_of(load(tmp_path / "ger.tsv", text))[1] == (["Berlin0", "liegt"], ["B-LOC", "O"])


def test_characters_lose_the_place_that_is_glued_to_them(tmp_path):
    text = "\n\n".join(f"北0\tB-LOC\n京1\tI-LOC\n{c}0\tO" for c in "甲乙丙丁戊己")
    data = load(tmp_path / "weibo.train", text)
    assert rows_of(data)[1] == (["北", "京", "甲"], ["B-LOC", "I-LOC", "O"])
    assert data.notes[0].endswith("removed from 18 characters.")


def test_lines_without_a_tag_leave_their_sentence_out_counted_and_shown(tmp_path):
    blocks = [f"Bob{n} B-PER\nsings O" for n in range(6)]
    blocks[1] = "Bob1 B-PER\nsings"
    data = load(tmp_path / "f.conll", "\n\n".join(blocks))
    assert data.notes == [
        "Skipped 1 of the training rows with more or fewer tags than words (row 2 (“2 ≠ 1: "
        "Bob1 sings”))."
    ]
    assert sorted(rows_of(data)) == [1, 3, 4, 5, 6]


def test_faults_in_jsonl_are_counted_shown_and_can_be_a_reason_to_stop(tmp_path):
    rows = [{"words": [f"Bob{n}", "sings"], "ner": ["B-PER", "O"]} for n in range(8)]
    rows[0]["ner"] = ["B-PER"]
    rows[1]["ner"] = ["person", "O"]
    rows[2]["words"] = []
    rows[3]["words"] = "Bob3 sings"
    text = "\n".join(map(json.dumps, rows))
    data = load(tmp_path / "f.jsonl", text)
    assert data.columns == {"tokens": "words", "tags": "ner"}
    assert data.notes == [
        "Skipped 1 of the training rows without text (row 3).",
        "Skipped 1 of the training rows with more or fewer tags than words (row 1 (“2 ≠ 1: "
        "Bob0 sings”)).",
        "Skipped 1 of the training rows with tags other than O or a form such as B-PER (row 2 "
        "(“person”)).",
    ]
    assert rows_of(data)[4] == (["Bob3", "sings"], ["B-PER", "O"])
    with pytest.raises(DataError, match="correct these rows, or set"):
        load(tmp_path / "g.jsonl", text, bad_rows="refuse")


def test_the_inside_of_an_entity_may_first_turn_up_in_validation(tmp_path):
    train = "\n\n".join(f"Bob{n} B-PER\nsings O" for n in range(6))
    (tmp_path / "dev.conll").write_text("Bob B-PER\nDylan I-PER\nsings O\n", "utf-8")
    data = load(tmp_path / "train.conll", train, validation_split="dev.conll")
    assert data.labels == ["B-PER", "I-PER", "O"]


def test_a_csv_is_no_conll_file(tmp_path):
    assert TASK.read_file("text,label\nBob,O\n", "f.csv") is None
    assert TASK.read_file("a plain text\nof two lines\n", "f.txt") is None


def test_classes_of_words_are_learned_scored_and_shown_as_they_are(tmp_path):
    rows = [
        {
            "tokens": ["the", name.split()[0], "was", thing],
            "pos_tags": ["DET", "NOUN", "VERB", "NOUN"],
        }
        for name in NAMES
        for thing in THINGS[:4]
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    spec = tag_spec(tmp_path / "pos", text, "pos.jsonl", **{"train.max_steps": 20})
    run = pipeline.train(spec)
    metrics = run.metrics()
    assert metrics["labels"] == ["DET", "NOUN", "VERB"]
    # Each word is an entity of its own, so the share of right words is what F1 is.
    assert metrics["metrics"]["f1"] == pytest.approx(metrics["metrics"]["accuracy"])
    assert {entry["label"] for entry in metrics["per_class"]} <= {"DET", "NOUN", "VERB"}
    (answer,) = predict_texts(run, ["the film was nice"])
    assert set(answer["predicted"]) <= {"DET", "NOUN", "VERB"}
    assert "NOUN" in render(run)
