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
            "with baselines: for so many validation rows, spread evenly, a model that writes does "
            "so before fine-tuning, too (zero-shot); writing takes long",
            1,
            100_000,
            log=True,
            unit="rows",
        ),
    ] = 200
    calibration_bins: Annotated[
        int, Domain("bins of confidence in the reliability plot", 2, 100, step=1)
    ] = 10
    threshold: Annotated[
        float,
        Domain(
            "of rows with several labels: the probability from which one is given", 0, 1, step=0.01
        ),
    ] = 0.5
    max_answer_tokens: Annotated[
        int, Domain("longest answer that is looked for in a passage", 1, 512, unit="tokens")
    ] = 30
    null_threshold: Annotated[
        float,
        Domain("how much better than a span no answer must score to be given", -100, 100, step=0.1),
    ] = 0.0


class GenerateSpec(Section):
    """How a model that writes text does so; named as in `transformers.GenerationConfig`."""

    max_new_tokens: Annotated[
        int,
        Domain(
            "write at most so many tokens; targets are cut there, too",
            1,
            4096,
            log=True,
            unit="tokens",
        ),
    ] = 64
    do_sample: Annotated[
        bool,
        Domain("draw each token by its probability; off takes the likeliest, or goes by beams"),
    ] = False
    temperature: Annotated[
        float,
        Domain(
            "with do_sample: below 1 likely tokens become likelier, above 1 rare ones",
            0.05,
            2,
            step=0.05,
        ),
    ] = 1.0
    top_p: Annotated[
        float,
        Domain(
            "with do_sample: draw from the likeliest tokens that together have this probability; "
            "1 from all",
            0.01,
            1,
            step=0.01,
        ),
    ] = 1.0
    top_k: Annotated[
        int,
        Domain("with do_sample: draw from so many likeliest tokens; 0 from all", 0, 1000),
    ] = 50
    sampling_seed: Annotated[
        int,
        Domain(
            "with do_sample: where chance begins, anew for each answer; the same prompt gives the "
            "same answer",
            0,
            2**32 - 1,
        ),
    ] = 42
    repetition_penalty: Annotated[
        float,
        Domain(
            "above 1 tokens that stand in the prompt or the answer become less likely",
            0.5,
            2,
            step=0.05,
        ),
    ] = 1.0
    stop_strings: Annotated[
        list[Annotated[str, StringConstraints(min_length=1)]],
        Domain("an answer ends before the first of these texts, such as ['User:']"),
    ] = []
    num_beams: Annotated[
        int, Domain("drafts that are kept at each token, of which the best is given", 1, 16, step=1)
    ] = 1
    length_penalty: Annotated[
        float, Domain("above 0 beams favour long texts, below short ones", -5, 5, step=0.1)
    ] = 1.0
    no_repeat_ngram_size: Annotated[
        int, Domain("never write so many tokens in a row twice; 0 allows it", 0, 20, step=1)
    ] = 0


class InspectSpec(Section):
    """Which sentences are looked at, before and after."""

    probes: Annotated[list[str], Domain("sentences whose attention is kept with the run")] = [
        "The flight was late, but the crew was wonderful."
    ]
    probe_max_tokens: Annotated[
        int, Domain("cut probe sentences after so many tokens", 4, 512, log=True, unit="tokens")
    ] = 64


class OutputSpec(Section):
    """Where results go and in which language they speak."""

    runs_dir: Annotated[str, Domain("the folder that holds the runs")] = "runs"
    run_name: Annotated[
        str, Domain("name of the run's folder; empty makes one from model, data and time")
    ] = ""
    save_steps: Annotated[
        int, Domain("save a checkpoint every so many steps; 0 with each evaluation", 0, 1_000_000)
    ] = 0
    save_total_limit: Annotated[
        int, Domain("latest checkpoints kept besides the best one", 0, 1000, step=1)
    ] = 1
    keep_every_steps: Annotated[
        int, Domain("keep for good the checkpoints at multiples of this; 0 none", 0, 1_000_000)
    ] = 0
    language: Annotated[
        str, Domain("language of forms, figures and report", choices=("auto", "en", "zh"))
    ] = "auto"


class RunSpec(Section):
    """One run, whole: task, data, model, adapter, train, generate, evaluate, inspect, output."""

    task: Annotated[str, Domain("what the model learns to do", choices=TASKS)] = (
        "text-classification"
    )
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
