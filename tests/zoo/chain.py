"""One model through its whole life: train, best, kill, resume, fork, save, load elsewhere.

`faults_of(family, folder)` says what did not hold; each line is a sentence. The best pass is the
third of six because a metric that only counts passes says so.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import transformers

from tests.tiny_runs import BAD, GOOD, THINGS
from tests.zoo.families import Family, inputs_of
from workbench.errors import InputError
from workbench.runs import EventWriter, RunFolder, RunState
from workbench.spec import RunSpec
from workbench.training import checkpoints
from workbench.training.fork import fork_run
from workbench.training.prepare import Prepared, prepare
from workbench.training.run import open_run_folder, quiet_libraries, train_into

BEST, KILLED_AFTER, STEPS = 3, 4, 6
CLOSE = 1e-5


class Killed(BaseException):
    """Stands for the end of the process."""


def rows_of(task: str) -> list[dict[str, Any]]:
    """Return 24 rows that the task can read."""
    found = []
    for word, other in zip(GOOD, BAD, strict=True):
        for thing in THINGS[:5]:
            text = f"the {thing} was {word} and the crew was {other}"
            found.append(
                {
                    "text-classification": {
                        "text": text if word < other else f"the {thing} was {word}",
                        "label": "positive" if word < other else "negative",
                    },
                    "token-classification": {
                        "tokens": text.split(),
                        "tags": ["B-good" if w in (thing, word) else "O" for w in text.split()],
                    },
                    "question-answering": {
                        "question": "is the crew good?", "context": text,
                        "answers": {"text": [word], "answer_start": [text.index(word)]},
                    },
                    "text-generation": {"text": text},
                    "fill-mask": {"text": text},
                    "summarization": {"document": text, "summary": f"{word} {thing}"},
                }[task]
            )  # fmt: skip
    return found


def spec_of(family: Family, folder: Path) -> RunSpec:
    """Return a spec that trains the family's model for six steps, with a look after each."""
    data = folder / "rows.jsonl"
    data.write_text("\n".join(map(json.dumps, rows_of(family.task))), "utf-8")
    return RunSpec().replace(
        {
            "task": family.task,
            "data.source": str(data),
            "data.validation_share": 0.2,
            "data.max_tokens": 24,
            "model.source": str(family.make(folder / "model")),
            "train.learning_rate": 1e-2,
            "train.max_steps": STEPS,
            "train.per_device_train_batch_size": 4,
            "train.eval_steps": 1,
            "train.logging_steps": 1,
            "train.precision": "fp32",
            "train.metric_for_best_model": "chosen",
            "inspect.probes": [],
            "output.save_total_limit": 10,
            "output.runs_dir": str(folder / "runs"),
            "output.language": "en",
        }
    )


class Life:
    """A family's model, and the runs that it goes through."""

    def __init__(self, family: Family, folder: Path, **changes: Any) -> None:
        self.family = family
        self.passes = 0
        folder.mkdir(parents=True, exist_ok=True)
        with quiet_libraries():
            self.prepared: Prepared = prepare(
                spec_of(family, folder).replace(changes),
                scores={"chosen": lambda *_: self._chosen()},
            )

    def _chosen(self) -> float:
        self.passes += 1
        return -abs(BEST - self.passes)

    def train(self, run: RunFolder, passes: int = 0) -> tuple[Any, list[dict[str, torch.Tensor]]]:
        """Train into a run; return the model and what all its tensors were at each look."""
        self.passes, seen = passes, []
        with closing(EventWriter(run.events_path)) as writer:
            _, model = train_into(
                run, self.prepared, writer, on_evaluated=lambda loop: seen.append(held(loop.model))
            )
        return model, seen

    def killed(self, run: RunFolder) -> None:
        """Train into a run until its process ends, right after a checkpoint."""
        save = checkpoints.save_checkpoint

        def die_after(folder: Path, *rest: Any) -> None:
            save(folder, *rest)
            if checkpoints.step_of(folder) == KILLED_AFTER:
                raise Killed

        with mock.patch.object(checkpoints, "save_checkpoint", die_after):
            try:
                self.train(run)
            except Killed:
                return
        raise AssertionError("the process did not end")


def held(model: Any) -> dict[str, torch.Tensor]:
    """Return a copy of all that a model holds, buffers that are never saved included."""
    tensors = {**model.state_dict(), **dict(model.named_buffers())}
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def differences(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> str:
    """Return the names of the tensors that are not the same, number by number; at most three."""
    names = [n for n in {**one, **two} if n not in one or n not in two or not same(one[n], two[n])]
    return f"{len(names)} of {len(one)} tensors: {', '.join(sorted(names)[:3])}" if names else ""


def same(one: torch.Tensor, two: torch.Tensor) -> bool:
    """Say whether two tensors have the same bits, NaN or not."""
    return one.dtype == two.dtype and torch.equal(one.nan_to_num(7e7), two.nan_to_num(7e7))


def losses(run: RunFolder) -> dict[int, float]:
    """Return the training loss of each step."""
    return {event["step"]: event["loss"] for event in RunState().fold(run.events()).steps}


def answer(model: Any, family: Family) -> torch.Tensor:
    """Return what a model says of two texts; models that draw lots draw the same ones."""
    model.eval()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        outputs = model(**inputs_of(model, family.auto_class))
    return outputs.start_logits if "start_logits" in outputs else outputs.logits


def faults_of(family: Family, folder: Path) -> list[str]:
    """Lead a model through its life and return what did not hold; nothing when all did.

    Raises:
        InputError: the workbench refuses the model, saying why.
    """
    life = Life(family, folder)
    whole = open_run_folder(life.prepared)
    faults: list[str] = []
    try:
        model, seen = life.train(whole)
        faults += [
            f"{what}: {result}" for what, result in _checks(life, whole, model, seen) if result
        ]
    except Exception as error:  # of any kind: what the chain is to find
        if isinstance(error, InputError) and not whole.model_path.exists():
            raise
        faults.append(f"{type(error).__name__}: {error}".splitlines()[0])
    return faults


def _checks(
    life: Life, whole: RunFolder, model: Any, seen: list[dict[str, torch.Tensor]]
) -> Iterator[tuple[str, str]]:
    """Yield what must hold after the first run, and which tensors or steps say otherwise."""
    family, best = life.family, seen[BEST - 1]
    if not differences(best, seen[-1]):
        yield "nothing was learned after the best step", "all tensors are the same"
    yield "the kept model is not the best", differences(best, held(model))
    kept = copy.deepcopy(model)

    broken = open_run_folder(life.prepared)
    life.killed(broken)
    again, later = life.train(broken, passes=KILLED_AFTER)
    yield "the resumed run ends elsewhere", differences(seen[-1], later[-1])
    yield "the resumed run has other losses", _unequal(losses(whole), losses(broken))
    yield "the resumed run keeps another model", differences(best, held(again))

    child = fork_run(whole, BEST, {})
    _, forked = life.train(child, passes=BEST)
    yield "the fork ends elsewhere", differences(seen[-1], forked[-1])

    auto = getattr(transformers, family.auto_class)
    with quiet_libraries():
        loaded, report = auto.from_pretrained(whole.model_path, output_loading_info=True)
    missing = [*report["missing_keys"], *report["unexpected_keys"], *report["mismatched_keys"]]
    yield "plain loading misses", ", ".join(sorted(map(str, missing))[:3])
    yield "plain loading gives other weights", differences(best, held(loaded))
    far = (answer(kept, family) - answer(loaded, family)).abs().max().item()
    yield "plain loading answers otherwise by", "" if far <= CLOSE else f"{far:.2g}"


def _unequal(one: dict[int, float], two: dict[int, float]) -> str:
    return "" if one == two else ", ".join(f"step {n}" for n in one if one[n] != two.get(n))
