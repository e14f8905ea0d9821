"""Every field of the spec does what its help line says: one table from field to check.

An entry is a function of this module, or names a test that checks the field already:
`tests/…/file.py::test_name`. A field without an entry fails.
"""

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.attention.snapshots import read_snapshots
from workbench.runs import EventWriter, RunFolder, create_run
from workbench.spec import fields
from workbench.training import run as running
from workbench.training.loop import TrainingLoop
from workbench.training.prepare import prepare

ROOT = Path(__file__).parents[2]


class Home:
    """One folder, one model and one prepared spec that all checks share."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0
        self.spec = tiny_spec(
            folder,
            **{
                "train.max_steps": 4, "train.eval_steps": 2, "train.lr_scheduler_type": "constant",
                "inspect.probes": [], "evaluate.baselines": False,
            },
        )  # fmt: skip
        self.prepared = prepare(self.spec)
        self.base = self.trained()

    def data(self, **changes):
        """Return what a spec with other data, model or encoding is prepared to."""
        return prepare(self.spec.replace(named(changes)))

    def trained(self, **changes):
        """Train with other settings; return what could be seen of it."""
        spec = self.spec.replace(named(changes))
        prepared = self.prepared.fitted(spec) or prepare(spec)
        self.count += 1
        run = RunFolder(self.folder / f"run-{self.count}")
        run.path.mkdir()
        torch.manual_seed(spec.train.seed)
        model = prepared.new_model()
        start = {name: weight.detach().clone() for name, weight in model.named_parameters()}
        batches: dict[bool, list[torch.Tensor]] = {True: [], False: []}
        formats = set()

        def see(model, inputs, settings, outputs):
            batches[model.training].append(settings["input_ids"])
            formats.add(outputs.logits.dtype)

        model.register_forward_hook(see, with_kwargs=True)
        writer = EventWriter(run.events_path)
        loop = TrainingLoop(prepared, run, writer, model)
        with running.quiet_libraries():
            loop.run_to_end()
        writer.close()
        events = {kind: [e for e in run.events() if e["event"] == kind] for kind in KINDS}
        return SimpleNamespace(
            steps=events["step_logged"], evaluated=[e["step"] for e in events["evaluated"]],
            saved=[e["step"] for e in events["checkpoint_saved"]], learned=batches[True],
            judged=batches[False], start=start, model=model, formats=formats, run=run,
            prepared=prepared,
        )  # fmt: skip


KINDS = ("step_logged", "evaluated", "checkpoint_saved")


def named(changes):
    """Turn `train__max_steps` into `train.max_steps`."""
    return {name.replace("__", "."): value for name, value in changes.items()}


def column(run, name):
    return [event[name] for event in run.steps]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("fields"))


# --- the data -------------------------------------------------------------------------------


def written(home, text, name="other.csv"):
    path = home.folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def rows_of(word="wonderful", mark=",", count=12):
    return "".join(
        f"the {word} film {number}{mark}{'yes' if number % 2 else 'no'}\n"
        for number in range(count)
    )


def task(home):
    place = written(home, "text,label\n" + "".join(f"the film {n},{n / 7}\n" for n in range(12)))
    model = home.data(task="text-regression", data__source=place).new_model()
    assert model.config.problem_type == "regression"
    assert home.base.model.config.problem_type == "single_label_classification"


def source(home):
    found = home.data(data__source=written(home, "text,label\n" + rows_of()))
    assert all(text.startswith("the wonderful film") for text in found.data.train["text"])


def encoding(home):
    place = written(home, ("text,label\n" + rows_of("café")).encode("cp1252"))
    found = {
        name: home.data(data__source=place, data__encoding=name).data.train["text"][0]
        for name in ("cp1252", "cp1253")
    }
    assert "café" in found["cp1252"]
    assert "cafι" in found["cp1253"]


def delimiter(home):
    place = written(home, "text;label\n" + rows_of("good, kind", ";"))
    assert "good, kind" in home.data(data__source=place, data__delimiter=";").data.train["text"][0]


def header(home):
    place = written(home, rows_of())
    columns = {"text": 0, "label": 1}
    sizes = {
        wish: len(found.data.train) + len(found.data.validation)
        for wish in ("yes", "no")
        for found in [
            home.data(
                data__source=place, data__header=wish,
                data__columns=columns if wish == "no" else {"text": 0, "label": 1},
            )
        ]
    }  # fmt: skip
    assert sizes == {"yes": 11, "no": 12}


def columns(home):
    lines = [f"row {n},the film {n},{'ab'[n % 2]}" for n in range(12)]
    place = written(home, "body,text,label\n" + "\n".join(lines))
    found = home.data(data__source=place, data__columns={"text": "body"})
    assert found.data.train["text"][0].startswith("row ")


def validation_share(home):
    sizes = {
        share: len(home.data(data__validation_share=share).data.validation) for share in (0.1, 0.5)
    }
    assert sizes == {0.1: 8, 0.5: 40}


def max_train_rows(home):
    assert len(home.data(data__max_train_rows=20).train) == 20


def max_validation_rows(home):
    assert len(home.data(data__max_validation_rows=10).validation) == 10


def max_tokens(home):
    found = home.data(data__max_tokens=4)
    assert max(found.train["length"]) == 4 < max(home.prepared.train["length"])


# --- the model ------------------------------------------------------------------------------


def model_source(home):
    model = home.data(model__source="scratch:bert-tiny").new_model()
    assert model.config.hidden_size != home.base.model.config.hidden_size


def adapter(home, **changes):
    return home.data(adapter__peft_method="lora", **changes).new_model()


def peft_method(home):
    model = adapter(home)
    learning = {name for name, one in model.named_parameters() if one.requires_grad}
    assert all("lora_" in name or "classifier" in name for name in learning)
    assert any("lora_A" in name for name in learning)


def lora_rank(home):
    model = adapter(home, adapter__lora_rank=3)
    assert {w.shape[0] for name, w in model.named_parameters() if "lora_A" in name} == {3}


def lora_alpha(home):
    """What is added is B A x alpha / r: found from the outputs of one adapted layer."""
    added = {}
    for alpha in (16, 48):
        torch.manual_seed(0)
        model = adapter(home, adapter__lora_alpha=alpha).eval()
        layer = next(m for m in model.modules() if hasattr(m, "lora_A") and len(m.lora_A))
        with torch.no_grad():
            layer.lora_B["default"].weight.fill_(0.01)
            given = torch.ones(1, layer.in_features)
            added[alpha] = layer(given) - layer.base_layer(given)
    assert added[48].abs().max() > 0
    assert torch.allclose(added[48], 3 * added[16], atol=1e-6)


def lora_dropout(home):
    for share in (0.0, 0.5):
        model = adapter(home, adapter__lora_dropout=share).train()
        layer = next(m for m in model.modules() if hasattr(m, "lora_A") and len(m.lora_A))
        with torch.no_grad():
            layer.lora_B["default"].weight.fill_(0.01)
            given = torch.ones(1, layer.in_features)
            several = {round(layer(given).sum().item(), 5) for _ in range(8)}
        assert (len(several) > 1) == (share > 0)


# --- training -------------------------------------------------------------------------------


def learning_rate(home):
    assert set(column(home.trained(train__learning_rate=1e-3), "learning_rate")) == {1e-3}
    assert set(column(home.base, "learning_rate")) == {5e-3}


def num_train_epochs(home):
    run = home.trained(train__max_steps=-1, train__num_train_epochs=2.0)
    assert len(run.steps) == 2 * 7  # 56 rows in batches of 8
    assert run.steps[-1]["rows"] == 2 * 56


def max_steps(home):
    assert column(home.trained(train__max_steps=3), "step") == [1, 2, 3]


def train_batch(home):
    run = home.trained(train__per_device_train_batch_size=4)
    assert {len(batch) for batch in run.learned} == {4}
    assert {len(batch) for batch in home.base.learned} == {8}


def eval_batch(home):
    run = home.trained(train__per_device_eval_batch_size=5)
    assert max(len(batch) for batch in run.judged) == 5


def accumulation(home):
    run = home.trained(train__gradient_accumulation_steps=3, train__max_steps=2)
    assert len(run.learned) == 6
    assert column(run, "rows") == [24, 48]


def weight_decay(home):
    """After one step, weights differ by rate × decay × weight, biases not at all."""
    ends = [home.trained(train__max_steps=1, train__weight_decay=decay) for decay in (0.0, 0.5)]
    for name, weight in ends[0].start.items():
        plain, pulled = (dict(end.model.named_parameters())[name] for end in ends)
        pull = 5e-3 * 0.5 * weight if weight.ndim == 2 else 0 * weight
        assert torch.allclose(plain - pulled, pull, atol=2e-6), name


def sampling(home):
    run = home.trained(train__train_sampling_strategy="sequential")
    rows = home.prepared.collate(home.prepared.train.select(range(8)).to_list())["input_ids"]
    assert torch.equal(run.learned[0], rows)
    assert not torch.equal(home.base.learned[0], rows)


def precision(home):
    assert torch.bfloat16 in home.trained(train__precision="bf16").formats
    assert home.base.formats == {torch.float32}


def logging_steps(home):
    run = home.trained(train__logging_steps=3)
    assert column(run, "step") == [3, 4]
    losses = column(home.base, "loss")
    assert run.steps[0]["loss"] == pytest.approx(sum(losses[:3]) / 3, rel=1e-5)


def eval_steps(home):
    assert home.base.evaluated == [2, 4]
    assert home.trained(train__eval_steps=3).evaluated == [3, 4]
    assert home.trained(train__eval_steps=0, train__max_steps=8).evaluated == [7, 8]


def seed(home):
    first, again = home.trained(train__seed=7), home.trained(train__seed=7)
    assert column(first, "loss") == column(again, "loss") != column(home.base, "loss")
    assert first.prepared.data.train["text"] != home.prepared.data.train["text"]


def save_steps(home):
    run = home.trained(
        output__save_steps=3, train__eval_steps=10, output__save_total_limit=9,
        train__max_steps=7, train__learning_rate=1e-7,
    )  # fmt: skip
    assert run.saved[:3] == [3, 6, 7]


# --- evaluation and output ------------------------------------------------------------------


def whole(home, **changes):
    """Train, evaluate and look, as a run does."""
    return pipeline.train(home.spec.replace({"train.max_steps": 1} | named(changes)))


def baselines(home):
    run = whole(home, evaluate__baselines=True)
    assert set(run.metrics()["baselines"]) == {"majority", "before"}
    assert not whole(home).metrics().get("baselines")


def probe_max_tokens(home):
    long = ["the film was wonderful and the food was terrible"]
    for limit in (4, 6):
        run = whole(home, inspect__probes=long, inspect__probe_max_tokens=limit)
        assert {len(one.tokens) for one in read_snapshots(run)} == {limit}


def runs_dir(home):
    place = home.folder / "elsewhere"
    assert create_run(home.spec.replace({"output.runs_dir": str(place)}), "x").path.parent == place


CHECKS: dict[str, Callable[[Home], None] | str] = {
    "task": task,
    "data.source": source,
    "data.revision": "tests/sources/test_hub.py::test_a_subset_comes_as_tables_with_its_class_"
    "names_and_is_pinned",
    "data.columns": columns,
    "data.labels": "tests/data/test_load.py::test_only_the_wanted_labels_are_kept_in_the_wanted_"
    "order",
    "data.label_separator": "tests/data/test_load.py::test_several_labels_a_row_are_kept_where_"
    "they_are_wanted",
    "data.multi_label": "tests/data/test_load.py::test_several_labels_a_row_are_kept_where_they_"
    "are_wanted",
    "data.bad_rows": "tests/data/test_load.py::test_unusable_rows_can_be_a_reason_to_stop",
    "data.cleaning": "tests/data/test_cleaning.py::test_a_run_loads_cleaned_rows_with_the_numbers_"
    "of_the_source",
    "data.corrections": "tests/data/test_corrections.py::test_decisions_take_the_place_of_the_"
    "sources_labels_but_never_of_another_text",
    "data.train_split": "tests/data/test_load.py::test_splits_can_be_named",
    "data.validation_split": "tests/data/test_load.py::test_a_file_can_be_the_validation_split",
    "data.validation_share": validation_share,
    "data.max_train_rows": max_train_rows,
    "data.max_validation_rows": max_validation_rows,
    "data.max_tokens": max_tokens,
    "data.stride_tokens": "tests/tasks/test_question_answering.py::test_a_long_passage_becomes_"
    "windows_that_overlap_and_the_answer_is_in_some",
    "data.negative_windows": "tests/tasks/test_question_answering.py::test_so_many_windows_without_"
    "the_answer_are_learned_from",
    "data.special_tokens_in_text": "tests/tasks/test_encode.py::test_where_the_data_means_its_"
    "tokens_they_are_those",
    "data.prefix": "tests/tasks/test_seq2seq.py::test_a_prefix_stands_before_each_source",
    "data.prompt_template": "tests/tasks/test_decoders.py::test_a_prompt_is_in_the_language_of_the_"
    "data_and_can_be_set",
    "data.several_targets": "tests/tasks/test_seq2seq.py::test_of_several_references_the_first_is_"
    "learned_and_the_nearest_counts",
    "data.source_language": "tests/tasks/test_seq2seq.py::test_a_model_of_many_languages_gets_both",
    "data.target_language": "tests/tasks/test_seq2seq.py::test_a_model_of_many_languages_gets_both",
    "data.packing": "tests/tasks/test_text_generation.py::test_packed_rows_hold_whole_texts_and_"
    "every_token",
    "data.encoding": encoding,
    "data.delimiter": delimiter,
    "data.header": header,
    "data.format": "tests/data/test_file_kinds.py::test_a_format_that_is_given_settles_doubt",
    "data.group_column": "tests/data/test_file_kinds.py::test_rows_of_a_group_stay_on_one_side",
    "model.source": model_source,
    "model.revision": "tests/sources/test_hub.py::test_a_model_is_fetched_without_what_is_not_"
    "needed_and_pinned",
    "model.answers": "tests/tasks/test_written_answers.py::test_answers_are_found_or_written_"
    "as_the_spec_says",
    "model.tokenizer": "tests/models/test_own_tokenizer.py::test_chinese_is_cut_as_each_kind_says",
    "model.vocab_size": "tests/models/test_own_tokenizer.py::test_other_texts_and_sizes_lie_in_"
    "folders_of_their_own",
    "model.add_tokens": "tests/training/test_new_tokens.py::test_texts_hold_them_as_one_token_each_"
    "also_beside_control_tokens",
    "model.trim_vocabulary": "tests/training/test_trimming.py::test_only_what_the_rows_and_the_"
    "probes_use_stays_and_it_is_said",
    "model.trust_remote_code": "tests/models/test_load.py::test_trusted_code_is_run",
    "model.freeze_embeddings": "tests/training/test_adapters.py::test_frozen_weights_do_not_move",
    "model.freeze_layers": "tests/training/test_adapters.py::test_frozen_weights_do_not_move",
    "model.attention_dropout": "tests/models/test_dropout.py::test_without_it_no_matrix_of_"
    "attention_is_kept_for_the_backward_pass",
    "model.quantization": "tests/training/test_adapters.py::test_an_adapter_learns_beside_weights_"
    "in_few_bits",
    "adapter.peft_method": peft_method,
    "adapter.lora_rank": lora_rank,
    "adapter.lora_alpha": lora_alpha,
    "adapter.lora_dropout": lora_dropout,
    "adapter.target_modules": "tests/models/test_adapters.py::test_the_layers_may_be_chosen",
    "adapter.num_virtual_tokens": "tests/training/test_adapters.py::test_learned_tokens_take_their_"
    "place_from_the_text",
    "train.learning_rate": learning_rate,
    "train.num_train_epochs": num_train_epochs,
    "train.max_steps": max_steps,
    "train.per_device_train_batch_size": train_batch,
    "train.per_device_eval_batch_size": eval_batch,
    "train.gradient_accumulation_steps": accumulation,
    "train.lr_scheduler_type": "tests/training/test_schedule.py::test_each_schedule_is_its_formula",
    "train.warmup_steps": "tests/training/test_schedule.py::test_warm_up_is_a_share_of_all_steps_"
    "below_one_and_a_number_from_there_on",
    "train.weight_decay": weight_decay,
    "train.max_grad_norm": "tests/training/test_step.py::test_gradients_are_shortened_to_the_given_"
    "norm",
    "train.label_smoothing_factor": "tests/training/test_steered_smoothing.py::test_the_next_loss_"
    "is_as_by_hand",
    "train.loss": "tests/tasks/test_losses.py::test_what_the_spec_says_of_the_loss_reaches_it",
    "train.huber_delta": "tests/tasks/test_text_regression.py::test_the_huber_loss_is_squared_near_"
    "zero_and_linear_beyond",
    "train.focal_gamma": "tests/tasks/test_losses.py::test_what_the_spec_says_of_the_loss_reaches_"
    "it",
    "train.class_weights": "tests/training/test_steered_smoothing.py::test_the_next_loss_is_as_by_"
    "hand",
    "train.label_weights": "tests/training/test_steered_smoothing.py::test_the_next_loss_is_as_by_"
    "hand",
    "train.custom_loss": "tests/training/test_entry_points.py::test_a_loss_of_ones_own_is_"
    "minimised_and_counted_as_the_usual_one",
    "train.custom_metrics": "tests/training/test_entry_points.py::test_metrics_of_ones_own_are_"
    "followed_and_may_name_the_best",
    "train.completion_only_loss": "tests/tasks/test_text_generation.py::test_only_the_answer_and_"
    "its_end_are_learned",
    "train.assistant_turns": "tests/tasks/test_text_generation.py::test_of_a_conversation_all_"
    "answers_are_learned_or_the_last",
    "train.mlm_probability": "tests/tasks/test_fill_mask.py::test_the_share_is_that_of_the_spec",
    "train.whole_word_mask": "tests/tasks/test_fill_mask.py::test_whole_words_are_hidden_or_shown_"
    "whole",
    "train.optim": "tests/training/test_step.py::test_the_optimiser_is_the_one_that_transformers_"
    "trainer_makes",
    "train.train_sampling_strategy": sampling,
    "train.precision": precision,
    "train.activation_checkpointing": "tests/training/test_activation_checkpointing.py::test_"
    "layers_compute_twice_a_step_and_the_losses_stay_the_same",
    "train.logging_steps": logging_steps,
    "train.eval_steps": eval_steps,
    "train.metric_for_best_model": "tests/training/test_keeping.py::test_the_best_is_the_lowest_"
    "loss_or_the_highest_score",
    "train.early_stopping_patience": "tests/training/test_keeping.py::test_patience_counts_"
    "evaluations_without_a_better_one",
    "train.seed": seed,
    "train.replay": "tests/training/test_steering.py::test_an_act_is_noted_with_step_old_new_and_"
    "who",
    "generate.max_new_tokens": "tests/tasks/test_seq2seq.py::test_only_the_spec_says_how_a_model_"
    "writes",
    **{
        f"generate.{name}": "tests/tasks/test_generating.py::test_a_setting_does_what_it_does_in_"
        "transformers"
        for name in (
            "do_sample",
            "temperature",
            "top_p",
            "top_k",
            "sampling_seed",
            "repetition_penalty",
            "stop_strings",
        )
    },
    "generate.num_beams": "tests/tasks/test_seq2seq.py::test_only_the_spec_says_how_a_model_writes",
    "generate.length_penalty": "tests/tasks/test_seq2seq.py::test_only_the_spec_says_how_a_model_"
    "writes",
    "generate.no_repeat_ngram_size": "tests/evaluation/test_batch_invariance.py::test_prompts_of_"
    "several_lengths_are_gone_on_with_as_each_alone",
    "evaluate.baselines": baselines,
    "evaluate.zero_shot_rows": "tests/evaluation/test_zero_shot.py::test_the_untouched_model_"
    "answers_so_many_rows",
    "evaluate.calibration_bins": "tests/tasks/test_text_classification.py::test_calibration_error_"
    "is_the_gap_between_confidence_and_accuracy",
    "evaluate.threshold": "tests/tasks/test_text_classification.py::test_sets_are_scored_as_scikit_"
    "learn_scores_them",
    "evaluate.max_answer_tokens": "tests/tasks/test_question_answering.py::test_the_best_span_is_"
    "in_the_passage_in_order_and_not_too_long",
    "evaluate.null_threshold": "tests/tasks/test_question_answering.py::test_the_best_of_all_"
    "windows_answers_and_the_least_null_decides",
    "inspect.probes": "tests/attention/test_snapshots.py::test_each_evaluation_leaves_a_snapshot_"
    "of_each_probe_sentence",
    "inspect.probe_max_tokens": probe_max_tokens,
    "output.runs_dir": runs_dir,
    "output.run_name": "tests/runs/test_folder.py::test_a_run_is_named_by_the_spec",
    "output.save_steps": save_steps,
    "output.save_total_limit": "tests/training/test_keeping.py::test_what_is_kept_are_multiples_"
    "the_best_and_the_latest_others",
    "output.keep_every_steps": "tests/training/test_keeping.py::test_what_is_kept_are_multiples_"
    "the_best_and_the_latest_others",
    "output.language": "tests/training/test_run.py::test_a_run_speaks_its_own_language_in_all_that_"
    "it_keeps",
}
HERE = {path: check for path, check in CHECKS.items() if callable(check)}
ELSEWHERE = {path: check for path, check in CHECKS.items() if isinstance(check, str)}


def test_every_field_has_a_check():
    assert list(CHECKS) == [field.path for field in fields()]


@pytest.mark.parametrize("path", HERE)
def test_a_field_changes_the_run_as_its_help_says(path, home):
    HERE[path](home)


@cache
def names_in(file):
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("path", ELSEWHERE)
def test_a_check_that_is_elsewhere_is_there(path):
    file, _, name = ELSEWHERE[path].partition("::")
    assert name.startswith("test_")
    assert name in names_in(file)
