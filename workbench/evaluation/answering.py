"""A model that answers what is asked of it in the roles of its task: a run's, or that before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..data.cleaning import clean_texts
from ..errors import DataError, shorten
from ..models import load_model, load_tokenizer, load_trained
from ..models.load import kind_in
from ..models.new_tokens import make_room
from ..models.padding import follow_tokenizer
from ..models.trimmed import as_trimmed
from ..runs import RunFolder
from ..sources import find_model
from ..spec import RunSpec
from ..tasks import Outcome, Setup, Task, load_task
from ..training.encoding import encode_rows, limit_tokens
from ..training.precision import Precision, choose_precision
from ..training.run import quiet_libraries
from .inference import run_model
from .sampling import Sampling, within
from .streaming import TokenStream


def rows_to_ask(
    spec: RunSpec, texts: Sequence[str | Mapping[str, Any]], given: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return texts by role, cleaned; as `predict_texts` says.

    Raises:
        DataError: there is none, or a role is missing or unknown.
    """
    if not texts:
        raise DataError("no text to predict", "give texts as arguments, with --file, or on stdin")
    task = load_task(spec.task)
    return [
        clean_texts(_by_role(task, text, given or {}), task, spec.data.cleaning) for text in texts
    ]


@dataclass(frozen=True)
class Answerer:
    """A model, ready to answer rows of its task."""

    model: Any
    task: Task
    setup: Setup
    precision: Precision

    def outcome(self, table: Any) -> Outcome:
        """Return what the model makes of the rows of a table."""
        with quiet_libraries():
            rows = encode_rows(table, self.task, self.setup, training=False)
        batch = self.setup.spec.train.per_device_eval_batch_size
        outputs = run_model(self.model, rows, self.task, self.setup, self.precision, batch)
        return Outcome(outputs, rows, table, self.setup)

    def ask(
        self,
        rows: Sequence[Mapping[str, Any]],
        sampling: Sampling | None = None,
        stream: TokenStream | None = None,
    ) -> list[dict[str, Any]]:
        """Return one record for each row of what is asked by role, in order.

        A model that writes does so as the spec says, or as `sampling` does. A `stream` gets each
        token, unless the model goes by beams: these choose whole answers.
        """
        if stream is not None:
            spec = self.setup.spec if sampling is None else within(self.setup.spec, sampling)
            if spec.generate.num_beams > 1:
                return self.ask(rows, sampling)
            streamed = replace(
                self.setup,
                spec=self.setup.spec.replace({"train.per_device_eval_batch_size": 1}),
                generate_arguments=stream.generate_arguments(),
            )
            with stream.of(self.model):
                return replace(self, setup=streamed).ask(rows, sampling)
        if sampling is not None:
            setup = replace(self.setup, spec=within(self.setup.spec, sampling))
            try:
                self.task.adapt(self.model, setup)
                return replace(self, setup=setup).ask(rows)
            finally:
                self.task.adapt(self.model, self.setup)
        from datasets import Dataset

        roles = [role.name for role in self.task.inputs if any(role.name in row for row in rows)]
        columns = {name: [row.get(name, "") for row in rows] for name in roles}
        table = Dataset.from_dict(columns | {"row": list(range(1, len(rows) + 1))})
        records = self.task.predictions(self.outcome(table))
        return [{name: held for name, held in one.items() if name != "row"} for one in records]


def finished(run: RunFolder) -> Answerer:
    """Load a run's model.

    Raises:
        InputError: the run has no model, or it cannot be loaded.
    """
    spec = run.spec()
    trusted = spec.model.trust_remote_code
    task = load_task(spec.task).for_model(spec, kind_in(run.model_path, trusted))
    tokenizer = load_tokenizer(run.model_path, trusted)
    model = load_trained(run.model_path, trusted, spec.model.quantization)
    follow_tokenizer(model, tokenizer)
    setup = Setup(
        spec, tokenizer, _labels(run, model), limit_tokens(tokenizer, spec.data.max_tokens, task)
    )
    return Answerer(
        model, task, task.restore_setup(model, setup), choose_precision(spec.train.precision)
    )


def before(run: RunFolder, after: Answerer) -> Answerer:
    """Load the model of a run as it was before fine-tuning, to be asked like the one after it.

    Raises:
        InputError: it cannot be found any more.
    """
    spec, setup = run.spec(), after.setup
    found = find_model(spec.model.source, spec.model.revision)
    if spec.model.tokenizer != "pretrained":  # trained for the run; it lies with its model
        found = replace(found, path=run.model_path)
    found = as_trimmed(found, run.path)
    model = load_model(
        found,
        after.task.auto_class,
        setup.labels,
        spec.train.seed,
        trust_remote_code=spec.model.trust_remote_code,
        problem=after.task.settings(setup),
        bits=spec.model.quantization,
    )
    make_room(model, spec, setup.tokenizer)
    follow_tokenizer(model, setup.tokenizer)
    after.task.adapt(model, setup)
    return replace(after, model=model.eval())


def _labels(run: RunFolder, model: Any) -> list[str]:
    """Return the names that the run noted; of older runs, those that the model knows."""
    known = run.record().get("labels")
    if isinstance(known, list):
        return known
    return [model.config.id2label[number] for number in range(model.config.num_labels)]


def _by_role(task: Task, text: str | Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is asked by role, complete and with no role that the task does not have."""
    known = [role.name for role in task.inputs]
    if isinstance(text, str):
        free = [name for name in known if name not in given]
        text = {free[0]: text} if free else {}
    row = {**given, **text}
    if unknown := [name for name in row if name not in known]:
        raise DataError(
            "{task} is not asked with a {role!r}",
            "its roles are {choices}",
            task=task.name,
            role=shorten(unknown[0]),
            choices=", ".join(known),
        )
    for role in task.inputs:
        if role.required and not row.get(role.name):
            raise DataError(
                "{task} also needs the {role}",
                "give it --with {role}=TEXT",
                task=task.name,
                role=role.name,
            )
    return row
