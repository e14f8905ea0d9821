"""`RunSpec`: everything that a run needs, typed, with a domain and a line of help each.

The defaults are the recipe `quickstart`: MiniLM fine-tuned on two classes of tweets, both from
the package index, about a minute on two processor cores. `train` uses the names of
`transformers.TrainingArguments` wherever it has one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import StringConstraints

from .data import DataSpec
from .domain import Domain
from .model import AdapterSpec, ModelSpec
from .section import Section
from .train import TrainSpec

TASKS = tuple(
    sorted(
        file.stem.replace("_", "-")
        for file in (Path(__file__).parents[1] / "tasks").glob("[a-z]*.py")
        if file.stem != "base"
    )
)


class EvaluateSpec(Section):
    """What is measured at the end."""

    baselines: Annotated[
        bool, Domain("also measure the majority class and the model before fine-tuning")
    ] = True
    zero_shot_rows: Annotated[
        int,
        Domain(
            "with baselines: validation rows, evenly sampled, that a generative model also "
            "answers before fine-tuning (zero-shot); generation is slow",
            1,
            100_000,
            log=True,
            unit="rows",
        ),
    ] = 200
    calibration_bins: Annotated[
        int, Domain("confidence bins of the reliability plot", 2, 100, step=1)
    ] = 10
    threshold: Annotated[
        float,
        Domain(
            "with several labels per row: minimum probability to predict a label", 0, 1, step=0.01
        ),
    ] = 0.5
    max_answer_tokens: Annotated[
        int, Domain("maximum length of an answer in a passage", 1, 512, unit="tokens")
    ] = 30
    null_threshold: Annotated[
        float,
        Domain(
            "how much the no-answer score must exceed the best span's to predict no answer",
            -100,
            100,
            step=0.1,
        ),
    ] = 0.0


class GenerateSpec(Section):
    """How a model that writes text does so; named as in `transformers.GenerationConfig`."""

    max_new_tokens: Annotated[
        int,
        Domain(
            "maximum number of generated tokens; targets are truncated to it, too",
            1,
            4096,
            log=True,
            unit="tokens",
        ),
    ] = 64
    do_sample: Annotated[
        bool,
        Domain("sample each token by its probability; off uses greedy decoding or beam search"),
    ] = False
    temperature: Annotated[
        float,
        Domain(
            "with do_sample: below 1 favours likely tokens, above 1 rare ones",
            0.05,
            2,
            step=0.05,
        ),
    ] = 1.0
    top_p: Annotated[
        float,
        Domain(
            "with do_sample: sample only from the most likely tokens with this total "
            "probability; 1 uses all",
            0.01,
            1,
            step=0.01,
        ),
    ] = 1.0
    top_k: Annotated[
        int,
        Domain(
            "with do_sample: sample only from this many most likely tokens; 0 uses all", 0, 1000
        ),
    ] = 50
    sampling_seed: Annotated[
        int,
        Domain(
            "with do_sample: seed of each answer; the same prompt gives the same answer",
            0,
            2**32 - 1,
        ),
    ] = 42
    repetition_penalty: Annotated[
        float,
        Domain(
            "above 1, tokens already in the prompt or answer become less likely",
            0.5,
            2,
            step=0.05,
        ),
    ] = 1.0
    stop_strings: Annotated[
        list[Annotated[str, StringConstraints(min_length=1)]],
        Domain("an answer ends before the first of these strings, such as ['User:']"),
    ] = []
    num_beams: Annotated[
        int, Domain("number of beams of beam search; 1 disables it", 1, 16, step=1)
    ] = 1
    length_penalty: Annotated[
        float,
        Domain("above 0, beam search favours long texts, below 0 short ones", -5, 5, step=0.1),
    ] = 1.0
    no_repeat_ngram_size: Annotated[
        int, Domain("never generate an n-gram of this size twice; 0 allows it", 0, 20, step=1)
    ] = 0


class InspectSpec(Section):
    """Which sentences are looked at, before and after."""

    probes: Annotated[list[str], Domain("sentences whose attention is recorded with the run")] = [
        "The flight was late, but the crew was wonderful."
    ]
    probe_max_tokens: Annotated[
        int, Domain("truncate probe sentences to this many tokens", 4, 512, log=True, unit="tokens")
    ] = 64


class OutputSpec(Section):
    """Where results go and in which language they speak."""

    runs_dir: Annotated[str, Domain("folder of the runs")] = "runs"
    run_name: Annotated[
        str, Domain("name of the run folder; empty builds one from model, data and time")
    ] = ""
    save_steps: Annotated[
        int, Domain("save a checkpoint every this many steps; 0 at each evaluation", 0, 1_000_000)
    ] = 0
    save_total_limit: Annotated[
        int, Domain("most recent checkpoints kept besides the best one", 0, 1000, step=1)
    ] = 1
    keep_every_steps: Annotated[
        int,
        Domain(
            "keep checkpoints at multiples of this step permanently; 0 keeps none", 0, 1_000_000
        ),
    ] = 0
    language: Annotated[
        str, Domain("language of forms, figures and report", choices=("auto", "en", "zh"))
    ] = "auto"


class RunSpec(Section):
    """One run, whole: task, data, model, adapter, train, generate, evaluate, inspect, output."""

    task: Annotated[str, Domain("task to train for", choices=TASKS)] = "text-classification"
    data: DataSpec = DataSpec()
    model: ModelSpec = ModelSpec()
    adapter: AdapterSpec = AdapterSpec()
    train: TrainSpec = TrainSpec()
    generate: GenerateSpec = GenerateSpec()
    evaluate: EvaluateSpec = EvaluateSpec()
    inspect: InspectSpec = InspectSpec()
    output: OutputSpec = OutputSpec()

    def replace(self, changes: dict[str, Any]) -> RunSpec:
        """Return a spec with some fields changed, named as `section.field` or by short name.

        Raises:
            SpecError: with all faults at once.
        """
        from .flat import from_flat, to_flat

        return from_flat(changes, base=to_flat(self))
