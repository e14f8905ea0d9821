"""Reading one text and writing another: encoding, scores, and runs from file to report."""

import json
from dataclasses import replace

import pytest
from datasets import Dataset
from pyarrow import parquet
from transformers import DistilBertConfig, DistilBertModel, RobertaConfig, RobertaModel

from tests.tiny_models import make_tiny_bert
from tests.tiny_runs import BAD, GOOD, THINGS, tiny_spec
from tests.tiny_writers import WRITERS, make_tiny_bart
from workbench import pipeline
from workbench.attention.attend import attend, stored_records
from workbench.attention.opening import open_models
from workbench.attention.snapshots import read_snapshots
from workbench.cli import main
from workbench.data import load_data
from workbench.errors import DataError, ModelError
from workbench.evaluation import sampling
from workbench.evaluation.playground import open_playground
from workbench.evaluation.run import evaluate_file, predict_texts
from workbench.models import load_model, load_tokenizer, load_trained, model_card
from workbench.models.card import card_of
from workbench.notebook.attending import Answers
from workbench.reporting import render
from workbench.reporting.predictions import show_predictions
from workbench.runs import read_state
from workbench.sources import find_model
from workbench.spec import RunSpec
from workbench.tasks import Outcome, Setup, load_task
from workbench.tasks._bleu import corpus_scores, sentence_chrf, tokenization_for
from workbench.tasks._guessing import IGNORED
from workbench.tasks._rouge import rouge_l, rouge_n
from workbench.tasks._seq2seq import shifted_right
from workbench.tasks.summarization import sentences
from workbench.training.checkpoints import load_weights, save_model
from workbench.training.prepare import prepare

from .observed import observed

SUMMARIZATION, TRANSLATION = load_task("summarization"), load_task("translation")


def make_rows(source="document", target="summary"):
    """Return texts of two sentences with a word of each as what is to be written."""
    return [
        {source: f"the {thing} was {word}. see you at home.", target: f"{word} {thing}"}
        for word in (*GOOD, *BAD) for thing in THINGS
    ]  # fmt: skip


def pair_spec(folder, task="summarization", rows=None, model=None, **changes):
    folder.mkdir(exist_ok=True)
    data = folder / "rows.json"
    data.write_text(json.dumps(make_rows() if rows is None else rows), "utf-8")
    model = model or make_tiny_bert(folder / "bert", spread=0.1)
    return tiny_spec(
        folder,
        **{
            "task": task,
            "data.source": str(data),
            "model.source": str(model),
            "data.max_tokens": 32,
            "generate.max_new_tokens": 8,
            "train.learning_rate": 1e-2,
            "train.num_train_epochs": 45,
            "train.eval_steps": 90,
            **changes,
        },
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return pipeline.train(pair_spec(tmp_path_factory.mktemp("summaries")))


# From a file to a report


def test_an_encoder_becomes_a_writer_and_beats_the_baselines(run):
    metrics = run.metrics()
    ours, rivals = metrics["metrics"], metrics["baselines"]
    assert set(rivals) == {"lead", "copy", "before"}
    assert ours["rouge_1"] > max(rivals[name]["rouge_1"] for name in rivals)
    assert ours["rouge_2"] > 0.8
    assert rivals["lead"]["rouge_1"] > rivals["copy"]["rouge_1"] > 0
    assert rivals["lead"]["loss"] is None
    evaluated = [event["metrics"] for event in run.events() if event["event"] == "evaluated"]
    assert set(evaluated[0]) == {"loss", "token_accuracy"}
    assert min(one["loss"] for one in evaluated) == pytest.approx(ours["loss"], rel=1e-4)


def test_training_says_how_likely_the_words_of_each_target_were(run):
    from workbench.dynamics.corrections import correct, corrected, open_corrections
    from workbench.dynamics.rows import LearnedRows

    found, worst = observed(run)
    assert len(found) == run.record()["train_rows"]
    assert found.confidence[-1].mean() > found.confidence[0].mean()
    assert found.correct[-1].mean() > found.correct[0].mean()
    journal, rows = open_corrections(run), LearnedRows(run)
    correct(journal, rows, worst["row"], "another summary")
    assert corrected(journal, rows) == {worst["row"]: "another summary"}


def test_the_attention_of_both_halves_is_kept_along_the_way(run):
    records = read_snapshots(run)
    assert [block.name for block in records[-1].blocks] == ["encoder", "decoder", "cross"]
    assert len(records) > 2
    assert len({record.text_pair for record in records}) == 1  # what the decoder reads stays
    assert read_state(run).status == "finished"


def test_sentences_looked_at_are_read_with_the_prefix_of_the_training_rows(tmp_path):
    spec = pair_spec(
        tmp_path, model=WRITERS["t5"](tmp_path / "t5"),
        **{"data.prefix": "summarize: ", "train.max_steps": 2, "train.eval_steps": 1},
    )  # fmt: skip
    run = pipeline.train(spec)
    asked = "summarize: the film was wonderful"
    kept = [record.text for record in [*read_snapshots(run), *stored_records(run)]]
    assert set(kept) == {asked}
    for text in ("the film was wonderful", asked):
        both = attend(run, text, against="before")
        assert [record.text for record in both] == [asked, asked]
    desk = Answers(open_models(run, "before"))
    assert {record.text for record in desk.text("the film was wonderful")} == {asked}


def test_the_new_weights_are_those_that_an_encoder_lacks(run):
    result = run.record()["new_weights"]
    assert "decoder.bert.encoder.layer.0.crossattention" in result
    assert "encoder.encoder" not in result


def test_source_reference_and_text_stand_side_by_side(run):
    page = render(run)
    assert "ROUGE-L of the fine-tuned model on" in page
    assert "First sentences (lead-n): " in page
    assert "ROUGE: f1|case:lower|stem:no|tok:words, zh and ja by character" in page
    rows = parquet.read_table(run.evaluation_path / "predictions.parquet").to_pylist()
    assert {"row", "source", "predicted", "label", "loss", "rouge_l"} == set(rows[0])
    shown = show_predictions(SUMMARIZATION, rows[:1])
    assert [title for title, _ in shown.columns] == [
        "Row", "Source", "Reference", "Model output", "ROUGE-L", "Loss",
    ]  # fmt: skip
    assert shown.rows[0][1:4] == [rows[0]["source"], rows[0]["label"], rows[0]["predicted"]]
    silent = show_predictions(SUMMARIZATION, [rows[0] | {"predicted": ""}])
    assert silent.rows[0][3] == "(no output)"


def test_a_run_writes_for_a_text_and_is_evaluated_on_another_file(run, tmp_path, capsys):
    text = "the film was great. see you at home."
    (answer,) = predict_texts(run, [text])
    assert answer["source"] == text
    assert answer["predicted"].startswith("great ")  # the thing itself, not always: it has seen few
    assert main(["predict", str(run.path), text]) == 0
    assert capsys.readouterr().out == f"{answer['predicted']}\t{text}\n"
    further = tmp_path / "more.json"
    further.write_text(json.dumps(make_rows()[:10]), "utf-8")
    metrics, rows = evaluate_file(run, str(further))
    assert metrics["rows"] == len(rows) == 10
    assert metrics["metrics"]["rouge_l"] > 0.8


def test_the_same_spec_gives_the_same_losses(tmp_path):
    spec = pair_spec(tmp_path, **{"train.max_steps": 3, "train.eval_steps": 3})
    losses = [
        [e["loss"] for e in pipeline.train(spec).events() if e["event"] == "step_logged"]
        for _ in range(2)
    ]
    assert losses[0] == losses[1]


# Architectures


LANGUAGES = {
    "m2m": ("en", "zh"), "nllb": ("eng_Latn", "zho_Hans"),
    "mbart": ("en_XX", "zh_CN"), "mbart50": ("en_XX", "zh_CN"),
}  # fmt: skip


def writer_spec(folder, kind, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    model = WRITERS[kind](folder / kind)
    source, target = LANGUAGES.get(kind, ("", ""))
    result = {"data.source_language": source, "data.target_language": target}
    changes = {"generate.max_new_tokens": 40, **result, **changes}
    rows = [one | {"target": f"the {one['target']} is at home"}
            for one in make_rows("source", "target")]  # fmt: skip
    return pair_spec(folder, "translation", rows, model, **changes)


@pytest.mark.parametrize("kind", ["t5", "bart", "marian", "m2m"])
def test_each_architecture_learns_and_writes_what_it_learned(kind, tmp_path):
    run = pipeline.train(
        writer_spec(tmp_path, kind, **{"train.num_train_epochs": 15, "train.eval_steps": 100})
    )
    ours, rivals = run.metrics()["metrics"], run.metrics()["baselines"]
    assert set(rivals) == {"nearest_source", "copy", "before"}
    assert ours["chrf"] > 40 > rivals["before"]["chrf"]
    assert ours["loss"] < rivals["before"]["loss"] / 2
    assert rivals["nearest_source"]["bleu"] > rivals["copy"]["bleu"] > rivals["before"]["bleu"]
    assert [block.name for block in read_snapshots(run)[-1].blocks][-1] == "cross"
    (answer,) = predict_texts(run, ["the film was great. see you at home."])
    assert answer["predicted"].startswith("the")
    assert "<" not in answer["predicted"]


@pytest.mark.parametrize("kind", ["bert", *WRITERS])
def test_checkpoints_bring_back_every_weight(kind, tmp_path):
    import torch

    made = make_tiny_bert if kind == "bert" else WRITERS[kind]
    folder = made(tmp_path / kind)
    model = model_of(folder)
    TRANSLATION.adapt(model, setup_of(folder, **told_of(kind)))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(1)
    save_model(model, load_tokenizer(folder), tmp_path / "step")
    fresh = model_of(folder)
    TRANSLATION.adapt(fresh, setup_of(folder, **told_of(kind)))
    load_weights(fresh, tmp_path / "step")
    again = dict(fresh.named_parameters())
    assert all(torch.equal(value, again[name]) for name, value in model.named_parameters())


# What goes in, and how it is written


def setup_of(model, task="summarization", **changes):
    spec = RunSpec().replace({"task": task, **changes})
    return Setup(spec, load_tokenizer(model), [], spec.data.max_tokens)


def told_of(kind):
    source, target = LANGUAGES.get(kind, ("", ""))
    return {"data.source_language": source, "data.target_language": target}


def model_of(folder):
    return load_model(find_model(str(folder)), SUMMARIZATION.auto_class, [], 1)


def encoded(setup, source="the film was good", target="a good story"):
    found = SUMMARIZATION.encode({"source": [source], "target": [target], "row": [1]}, setup, True)
    return found["input_ids"][0], found["labels"][0]


def test_of_an_encoder_the_first_token_is_given_and_the_last_is_learned(tmp_path):
    setup = setup_of(make_tiny_bert(tmp_path / "bert"))
    ids, labels = encoded(setup)
    assert setup.tokenizer.decode(ids) == "[CLS] the film was good [SEP]"
    assert setup.tokenizer.decode(labels) == "a good story [SEP]"
    short = setup_of(tmp_path / "bert", **{"generate.max_new_tokens": 3})
    assert setup.tokenizer.decode(encoded(short)[1]) == "a good [SEP]"


def test_a_prefix_stands_before_each_source(tmp_path):
    setup = setup_of(WRITERS["t5"](tmp_path / "t5"), **{"data.prefix": "summarize: "})
    ids, labels = encoded(setup)
    assert setup.tokenizer.decode(ids) == "summarize: the film was good</s>"
    assert setup.tokenizer.decode(labels) == "a good story</s>"
    batch = {"source": ["the film was good"]}
    assert SUMMARIZATION.lengths(batch, setup) == [len(ids)]


@pytest.mark.parametrize("kind", LANGUAGES)
def test_a_model_of_many_languages_gets_both(kind, tmp_path):
    model, (source, target) = WRITERS[kind](tmp_path / kind), LANGUAGES[kind]
    result = {"data.source_language": source, "data.target_language": target}
    setup = setup_of(model, **result)
    ids, labels = encoded(setup)
    ours, theirs = setup.tokenizer.decode(ids), setup.tokenizer.decode(labels)
    assert source in ours
    assert target not in ours
    assert target in theirs
    written = model_of(model)
    SUMMARIZATION.adapt(written, setup)
    batch = SUMMARIZATION.collate([{"input_ids": ids, "attention_mask": [1] * len(ids)}], setup)
    begun = written.generate(**batch)[0][: 1 if kind == "mbart" else 2]
    assert target in setup.tokenizer.decode(begun[-1:])
    missing = r"data\.target_language: the model needs a language code, and none is given; set"
    with pytest.raises(DataError, match=missing):
        encoded(setup_of(model, **{"data.source_language": source}))
    with pytest.raises(DataError, match="'english' is not a language code of the model; set it"):
        encoded(setup_of(model, **{**result, "data.source_language": "english"}))


def test_a_model_without_language_codes_says_so(tmp_path):
    model = make_tiny_bert(tmp_path / "bert")
    with pytest.raises(DataError, match="the model has no language codes, so 'zh' has no"):
        encoded(setup_of(model, **{"data.target_language": "zh"}))


def test_only_the_spec_says_how_a_model_writes(tmp_path):
    setup = setup_of(WRITERS["bart"](tmp_path / "bart"), **{"generate.max_new_tokens": 12})
    model = model_of(tmp_path / "bart")
    assert (model.generation_config.num_beams, model.generation_config.min_length) == (4, 56)
    SUMMARIZATION.adapt(model, setup)
    result = model.generation_config
    assert (result.num_beams, result.min_length, result.max_new_tokens) == (1, None, 12)
    assert result.decoder_start_token_id == 2
    beams = {"generate.num_beams": 3, "generate.length_penalty": 2.0}
    SUMMARIZATION.adapt(model, setup_of(tmp_path / "bart", **beams))
    assert (result.num_beams, result.length_penalty) == (3, 2.0)
    model.save_pretrained(tmp_path / "again")
    again = load_trained(tmp_path / "again").generation_config
    assert (again.num_beams, again.length_penalty, again.max_new_tokens) == (3, 2.0, 63)


@pytest.mark.parametrize("kind", ["t5", "m2m", "mbart"])
def test_with_smoothed_labels_a_decoder_reads_the_same(kind, tmp_path):
    import torch

    model = model_of(WRITERS[kind](tmp_path / kind))
    ids, labels = torch.tensor([[5, 6, 2]]), torch.tensor([[7, 8, 9, 2], [9, 2, IGNORED, IGNORED]])
    known = model.eval()(input_ids=ids.repeat(2, 1), labels=labels).logits
    given = {"input_ids": ids.repeat(2, 1), "decoder_input_ids": shifted_right(model, labels)}
    assert torch.equal(model(**given).logits, known)


def test_labels_can_be_smoothed(tmp_path):
    spec = pair_spec(tmp_path, **{"train.label_smoothing_factor": 0.1, "train.max_steps": 2})
    run = pipeline.train(spec)
    plain = pipeline.train(spec.replace({"train.label_smoothing_factor": 0.0}))
    first, other = (
        next(e["loss"] for e in one.events() if e["event"] == "step_logged") for one in (run, plain)
    )
    assert first != other
    assert first == pytest.approx(other, rel=0.1)


# Several targets a row


def test_of_several_references_the_first_is_learned_and_the_nearest_counts(tmp_path):
    rows = [one | {"summary": [one["summary"], f"so {one['summary']}"][: 1 + n % 2]}
            for n, one in enumerate(make_rows())]  # fmt: skip
    spec = pair_spec(tmp_path, rows=rows, **{"data.several_targets": "references"})
    prepared = prepare(spec.replace({"train.max_steps": 1}))
    table, setup = prepared.data.validation, prepared.setup
    assert {len(one) for one in table["target"]} == {1, 2}
    first = [setup.tokenizer.decode(ids[:-1]) for ids in prepared.train["labels"]]
    assert first == [one[0] for one in prepared.data.train["target"]]
    written = [{"sums": [0.0, 1, 0], "written": one[-1]} for one in table["target"]]
    outcome = Outcome(written, prepared.validation, table, setup)
    found = SUMMARIZATION.evaluate(outcome)
    assert found["metrics"]["rouge_1"] == 1
    assert found["signatures"]["rouge"].endswith("refs:the nearest")
    assert all(one["label"] == one["predicted"] for one in SUMMARIZATION.predictions(outcome))
    silent = Outcome([one | {"written": ""} for one in written], prepared.validation, table, setup)
    shown = [one["label"] for one in SUMMARIZATION.predictions(silent)]
    assert shown == [one[0] for one in table["target"]]  # none is nearer: the one that is learned


def test_bleu_and_chrf_take_as_many_references_as_each_text_has():
    scores = corpus_scores([["the cat sat"], ["a dog", "one dog ran off"]],
                           ["the cat sat", "one dog ran off"])  # fmt: skip
    assert scores["bleu"] == pytest.approx(100)
    assert scores["chrf"] == pytest.approx(100)
    assert scores["signatures"]["bleu"].startswith("nrefs:var")


def test_one_run_learns_all_aspects_of_a_text(tmp_path):
    rows = [{"text": f"the {thing} was {word}.", "about": {"thing": thing, "word": word}}
            for word in (*GOOD, *BAD) for thing in THINGS]  # fmt: skip
    rows[0]["about"]["word"] = ""
    columns = {"source": "text", "target": ["about.thing", "about.word"]}
    spec = pair_spec(
        tmp_path, rows=rows, **{"data.columns": columns, "data.several_targets": "aspects",
                                "train.max_steps": 2, "train.eval_steps": 2},
    )  # fmt: skip
    prepared = prepare(spec)
    read = prepared.tokenizer.batch_decode(prepared.train["input_ids"][:], skip_special_tokens=True)
    learned = prepared.tokenizer.batch_decode(prepared.train["labels"][:], skip_special_tokens=True)
    for asked, answer in zip(read, learned, strict=True):
        name, _, thing, _, word = asked.rstrip(" .").split()  # the tokenizer knows no colon
        assert answer == {"thing": thing, "word": word}[name]
    assert len(read) in (111, 112)  # of 56 texts, one of which may have a single aspect
    run = pipeline.train(spec)
    metrics = run.metrics()
    assert metrics["rows"] == sum(one["rows"] for one in metrics["aspects"].values())
    assert set(metrics["aspects"]) == {"thing", "word"}
    assert set(metrics["baselines"]) == {"lead", "copy", "before"}
    for own in metrics["aspects"].values():
        assert set(own["baselines"]) == {"lead", "copy", "before"}
        assert own["baselines"]["copy"]["rows"] == own["rows"]
    assert "Scores by aspect" in render(run)
    assert [one["aspect"] for one in predict_texts(run, ["the story was awful."])] == [
        "thing", "word",
    ]  # fmt: skip
    (one,) = predict_texts(run, ["word: the story was awful."])
    assert (one["aspect"], one["source"]) == ("word", "the story was awful.")
    playground = open_playground(run, with_before=False)
    both = playground.ask("the story was awful.").after
    usual = sampling.defaults(run.spec())
    warm = [
        playground.ask("the story was awful.", replace(usual, temperature=2.0, seed=seed)).after
        for seed in (1, 2, 1)
    ]
    assert warm[0] == warm[2] != warm[1]
    assert playground.ask("the story was awful.").after == both  # nothing of it stays
    assert [line.partition(":")[0] for line in both.splitlines()] == ["thing", "word"]
    assert "thing: the " in render(run)
    assert evaluate_file(run, spec.data.source)[0]["rows"] == 159


def test_aspects_need_names_and_take_no_journal(tmp_path):
    spec = pair_spec(tmp_path, **{"data.several_targets": "aspects"})
    with pytest.raises(DataError, match="aspects are named by their columns, and the target has"):
        prepare(spec)


# Faults


def test_rows_without_one_side_are_counted_and_left_out(tmp_path):
    rows = [*make_rows()[:20], {"document": "a text alone"}, {"document": "", "summary": "only"},
            {"document": "another", "summary": "  "}]  # fmt: skip
    spec = pair_spec(tmp_path, rows=rows)
    data = load_data(spec.data, SUMMARIZATION, 42)
    assert data.notes[:2] == [
        "Skipped 1 of the training rows without text (row 22).",
        "Skipped 2 of the training rows with an empty answer (row 21, row 23).",
    ]
    with pytest.raises(DataError, match="Skipped 1 of the training rows without text"):
        load_data(spec.data.model_copy(update={"bad_rows": "refuse"}), SUMMARIZATION, 42)


def test_texts_longer_than_the_model_are_counted(tmp_path):
    rows = [one | {"document": one["document"] * (40 if n % 2 else 1)}
            for n, one in enumerate(make_rows())]  # fmt: skip
    prepared = prepare(pair_spec(tmp_path, rows=rows, **{"data.max_tokens": 1000}))
    profile = prepared.profile()
    assert profile.max_tokens == 64
    assert profile.truncated_share == pytest.approx(0.5, abs=0.1)
    assert max(prepared.train["length"][:]) == 64


def test_targets_longer_than_may_be_written_are_counted_with_the_remedy(tmp_path):
    rows = [one | {"summary": "good " * (20 if n == 3 else 2)} for n, one in enumerate(make_rows())]
    spec = pair_spec(tmp_path, rows=rows)
    [found] = [one for one in prepare(spec).profile().findings if "cut" in one["kind"]]
    assert found["sentence"] == (
        "Rows whose answer exceeds the generation limit of 8 tokens: 1 (1.2%). The model "
        "cannot produce them in full: set generate.max_new_tokens to 21, or shorten them."
    )
    assert [(one["row"], one["why"]) for one in found["examples"]] == [(4, "21")]
    longest = prepare(spec.replace({"generate.max_new_tokens": 21}))
    sides = (longest.train, longest.validation)
    assert max(len(ids) for side in sides for ids in side["labels"]) == 21
    assert not [one for one in longest.profile().findings if "cut" in one["kind"]]


def test_the_card_of_an_encoder_that_gets_a_decoder_counts_both(tmp_path):
    prepared = prepare(pair_spec(tmp_path))
    card, alone = prepared.card(), card_of(prepared.found, 8, 32)
    assert card.parameters == sum(p.numel() for p in prepared.new_model().parameters())
    assert card.parameters > 2 * (alone.parameters - 1000)
    assert (card.layers, card.decoder_layers, alone.decoder_layers) == (2, 2, 0)
    assert card.train_bytes > 16 * card.parameters + (alone.train_bytes - 16 * alone.parameters)


def test_the_layers_of_both_halves_of_a_writer_are_counted(tmp_path):
    for kind in ("t5", "bart", "marian"):
        card = model_card(str(WRITERS[kind](tmp_path / kind)))
        assert (card.layers, card.decoder_layers) == (2, 2)


def test_a_decoder_made_of_an_encoder_is_not_taught_to_begin_twice(tmp_path):
    place = make_tiny_bart(tmp_path / "roberta")  # for its tokenizer, which is RoBERTa's
    (place / "generation_config.json").unlink()
    size = len(load_tokenizer(place))
    plan = RobertaConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=48, max_position_embeddings=66, bos_token_id=0, eos_token_id=2,
        pad_token_id=1,
    )  # fmt: skip
    RobertaModel(plan).save_pretrained(place)
    changes = {"train.max_steps": 2, "evaluate.baselines": False, "inspect.probes": []}
    run = pipeline.train(pair_spec(tmp_path, model=place, **changes))
    prepared = prepare(run.spec())
    start = prepared.base_model().config.decoder_start_token_id
    assert all(row["labels"][0] != start for row in prepared.train)
    assert all(row["labels"][-1] == 2 for row in prepared.train)
    again, _ = evaluate_file(run, run.spec().data.source)
    rows = [one for table in (prepared.data.train, prepared.data.validation) for one in table]
    assert again["rows"] == len(rows)
    whole = prepare(run.spec().replace({"model.source": str(WRITERS["bart"](tmp_path / "bart"))}))
    assert all(row["labels"][0] == 0 for row in whole.train)  # BART begins with another token


def test_a_model_that_cannot_write_is_refused_with_the_remedy(tmp_path):
    place = make_tiny_bert(tmp_path / "distilbert")
    size = len(load_tokenizer(place))
    plan = DistilBertConfig(vocab_size=size, dim=32, n_layers=1, n_heads=2, hidden_dim=32)
    DistilBertModel(plan).save_pretrained(place)
    spec = pair_spec(tmp_path, model=place)
    said = r"a distilbert model .* cannot be used for Seq2SeqLM; choose a model that reads and "
    with pytest.raises(ModelError, match=said):
        pipeline.train(spec)


def test_text_from_data_is_escaped_in_the_table_and_in_the_report(tmp_path):
    rows = [{"document": f"<b>{n}</b> the film was good.", "summary": "<i>good</i>"}
            for n in range(12)]  # fmt: skip
    spec = pair_spec(tmp_path, rows=rows, **{"train.max_steps": 1})
    page = render(pipeline.train(spec))
    assert "&lt;b&gt;" in page
    assert "<b>1</b>" not in page
    assert "<i>good</i>" not in page


# Scores


@pytest.mark.parametrize(
    ("reference", "written", "expected"),
    [
        ("the cat sat on the mat", "the cat sat on a mat", (5 / 6, 3 / 5, 5 / 6)),
        ("The cat!", "the cat", (1, 1, 1)),
        ("我今天很高兴", "我今天很开心", (4 / 6, 3 / 5, 4 / 6)),
        ("東京タワー", "東京", (4 / 7, 2 / 5, 4 / 7)),
        ("cat", "cat", (1, 1, 1)),
        ("cat", "", (0, 0, 0)),
        ("the the", "the", (2 / 3, 0, 2 / 3)),
    ],
)
def test_rouge_is_as_counted_by_hand(reference, written, expected):
    found = [rouge_n(reference, written, 1), rouge_n(reference, written, 2)]
    assert [*found, rouge_l(reference, written)] == pytest.approx(list(expected))


def test_bleu_cuts_each_language_its_own_way():
    assert tokenization_for(["the cat", "猫", "a dog"]) == "13a"
    assert tokenization_for(["打开文件", "JupyterLab 设置"]) == "zh"
    assert tokenization_for(["ファイルを開く", "設定"]) == "char"
    scores = corpus_scores(
        [["我今天很开心"], ["您好 JupyterLab"]], ["我今天很高兴", "你好 JupyterLab"]
    )
    # Precisions of 6/9, 4/7, 2/5 and 1/3, no text too short.
    assert scores["bleu"] == pytest.approx(100 * (6 / 9 * 4 / 7 * 2 / 5 * 1 / 3) ** 0.25)
    assert "tok:zh" in scores["signatures"]["bleu"]
    assert scores["signatures"]["chrf"].startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:0")
    assert sentence_chrf("同じ", "同じ") == 100


def test_sentences_end_with_marks_or_lines():
    assert sentences("He said “no.” Then 3.5 left!\nA headline\nWhy? 天气好。他说：“走。”真的") == [
        "He said “no.”", "Then 3.5 left!", "A headline", "Why?", "天气好。", "他说：“走。”", "真的",
    ]  # fmt: skip


bare = Setup(RunSpec(), None, [], 0)


def test_lead_takes_as_many_sentences_as_summaries_have():
    table = Dataset.from_dict({"source": ["One. Two. Three."], "target": ["x"], "row": [1]})
    train = Dataset.from_dict({"source": ["a", "b"], "target": ["A. B.", "A. B. C."]})
    found = SUMMARIZATION.baselines(Outcome([], [], table, bare), train)
    assert {name: one[0]["written"] for name, one in found.items()} == {
        "lead": "One. Two.", "copy": "One. Two. Three.",
    }  # fmt: skip


def test_the_nearest_source_lends_its_translation():
    table = Dataset.from_dict({"source": ["open the file"], "target": ["x"], "row": [1]})
    train = Dataset.from_dict(
        {"source": ["close it", "Open a file"], "target": ["关", "开"], "row": [1, 2]}
    )
    found = TRANSLATION.baselines(Outcome([], [], table, bare), train)
    assert found["nearest_source"][0]["written"] == "开"
    assert found["copy"][0]["written"] == "open the file"
