"""Two models that write text, asked the same: a run's, before fine-tuning or another and after it.

Where the tokenizer has a chat template, each of the two remembers what it was asked and what it
answered. Else every question stands alone; what a model goes on with plain text, it goes on with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from ..errors import RunError
from ..models import load_tokenizer
from ..runs import RunFolder, read_json, write_json
from ..runs.commands import quoted
from ..spec import RunSpec
from ..tasks import load_task
from ..tasks._prompts import has_template
from .answering import Answerer, before, finished, rows_to_ask
from .sampling import Sampling, defaults
from .streaming import Token, TokenStream

FILE = "answers.json"
_KEPT = ("asked", "before", "after")
OnToken = Callable[[str, Token], None]


@dataclass(frozen=True)
class Exchange:
    """What was asked, and what was written before fine-tuning, if it was asked, and after."""

    asked: str
    before: str | None
    after: str

    def answers(self) -> dict[str, str]:
        """Return what was written, by who wrote it."""
        both = {"before": self.before, "after": self.after}
        return {name: written for name, written in both.items() if written is not None}


@dataclass
class Playground:
    """Both models, and what has been said so far.

    In place of the model before fine-tuning, `before` may be that of another run.
    """

    run: RunFolder
    after: Answerer
    before: Answerer | None
    said: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    @property
    def remembers(self) -> bool:
        """Whether a question is read after those before it."""
        return _remembers(self.after.setup.spec, self.after.setup.tokenizer)

    def ask(
        self,
        asked: str,
        sampling: Sampling | None = None,
        on_token: OnToken | None = None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> Exchange:
        """Return what both write to a text, each from the same seed; by itself as the spec says.

        Args:
            asked: the text.
            sampling: how tokens are chosen.
            on_token: called with "before" or "after" and each token while it is written; never
                where a model goes by beams.
            is_stopped: asked after each token; True ends what is being written.

        Raises:
            InputError: there is nothing in it.
        """
        sampling = sampling or defaults(self.after.setup.spec)
        both = {"before": self.before, "after": self.after}
        answers: dict[str, Any] = {}
        for name, model in both.items():
            stream = None
            if model is not None and on_token is not None:
                tokenizer = model.setup.tokenizer
                stream = TokenStream(tokenizer, partial(on_token, name), is_stopped)
            answers[name] = model and self._answer(name, model, asked, sampling, stream)
        return Exchange(asked, **answers)

    def forget(self) -> None:
        """Begin anew: what was said so far is read no more."""
        self.said.clear()

    def _answer(
        self,
        name: str,
        model: Answerer,
        asked: str,
        sampling: Sampling,
        stream: TokenStream | None,
    ) -> str:
        history = [*self.said.get(name, []), {"role": "user", "content": asked}]
        remembers = _remembers(model.setup.spec, model.setup.tokenizer)
        row = {"messages": history} if remembers else asked
        rows = rows_to_ask(model.setup.spec, [row] if asked.strip() else [])
        answers = model.ask(rows, sampling, stream)
        written = "\n".join(
            ": ".join(filter(None, (one.get("aspect"), str(one["predicted"])))) for one in answers
        )
        if remembers:
            self.said[name] = [*history, {"role": "assistant", "content": written}]
        return written


def open_playground(
    run: RunFolder, with_before: bool = True, beside: RunFolder | None = None
) -> Playground:
    """Load both models of a run, or the fine-tuned one alone, or beside that of another run.

    Raises:
        RunError: its task writes no text.
        InputError: it has no model yet, or the one before it cannot be found any more.
    """
    for one in filter(None, (run, beside)):
        require_writer(one)
    after = finished(run)
    if beside is not None:
        return Playground(run, after, finished(beside))
    return Playground(run, after, before(run, after) if with_before else None)


def remembers(run: RunFolder) -> bool:
    """Say whether the models of a run read a question after those before it.

    Raises:
        InputError: the run has no model yet.
    """
    return _remembers(
        run.spec(), load_tokenizer(run.model_path, run.spec().model.trust_remote_code)
    )


def _remembers(spec: RunSpec, tokenizer: Any) -> bool:
    """Conversations need a template, and rows that were asked; plain texts are gone on with."""
    roles = {role.name for role in load_task(spec.task).inputs}
    if "text" in spec.data.columns or not has_template(tokenizer):
        return False
    return {"messages", "instruction"} <= roles


def require_writer(run: RunFolder) -> None:
    """Refuse a run whose model writes no text.

    Raises:
        RunError: saying which task it learned.
    """
    task = load_task(run.spec().task).for_model(run.spec())
    if not task.is_generative:
        raise RunError(
            "the run {run} was trained for {task}, which does not generate text",
            "ask it with: workbench predict {path} TEXT",
            run=run.name,
            path=quoted(run.path),
            task=task.name,
        )


def keep_answers(run: RunFolder, after: Answerer, before: Answerer | None) -> None:
    """Keep what both models write to the probe sentences of the spec: `evaluation/answers.json`."""
    probes = filter(str.strip, run.spec().inspect.probes)
    playground = Playground(run, after, before)
    exchanges = []
    for probe in probes:
        playground.forget()
        exchanges.append(asdict(playground.ask(probe)))
    write_json(run.evaluation_path / FILE, exchanges)


def read_answers(run: RunFolder) -> list[Exchange]:
    """Return what was kept of the probe sentences; nothing where that is missing or damaged."""
    try:
        held = read_json(run.evaluation_path / FILE)
        return [Exchange(**{name: one[name] for name in _KEPT}) for one in held]
    except (OSError, ValueError, TypeError, KeyError):
        return []
