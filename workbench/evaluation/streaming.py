"""The tokens of an answer while a model writes it, each with what else could have stood there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..tasks._pieces import token_text

CANDIDATES = 8


@dataclass(frozen=True)
class Token:
    """A token of an answer: its text, its probability, and the most probable ones at its place.

    Probabilities are the softmax of the model's logits, before temperature, top-p, penalties and
    whatever else chooses among them. `special` is a token that is no text, such as the end.
    """

    text: str
    probability: float
    candidates: list[tuple[str, float]]
    special: bool = False


class TokenStream:
    """Receives what `model.generate` writes to one prompt: its `streamer` and a stopping criterion.

    Args:
        tokenizer: turns token ids into texts.
        on_token: called with each `Token`, in the thread that writes.
        is_stopped: asked after each token; True ends the answer.
    """

    def __init__(
        self,
        tokenizer: Any,
        on_token: Callable[[Token], None],
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._tokenizer, self._on_token, self._is_stopped = tokenizer, on_token, is_stopped
        self._ids: list[int] = []
        self._shown = ""
        self._is_writing = False
        # `generate` may hand on a token after the forward pass of the next one.
        self._probabilities: deque[Any] = deque()

    def generate_arguments(self) -> dict[str, Any]:
        """Return what `model.generate` is given, to stream its tokens and to be stopped."""
        import torch
        from transformers import StoppingCriteriaList

        def criterion(ids: Any, scores: Any, **_: Any) -> Any:
            return torch.full((len(ids),), self._is_stopped(), device=ids.device)

        return {"streamer": self, "stopping_criteria": StoppingCriteriaList([criterion])}

    @contextmanager
    def of(self, model: Any) -> Iterator[None]:
        """Read the logits of each forward pass of a model."""
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        hook = inner.register_forward_hook(self._read_logits)
        try:
            yield
        finally:
            hook.remove()

    def _read_logits(self, _: Any, __: Any, output: Any) -> None:
        if self._is_writing:
            self._probabilities.append(output.logits[0, -1].float().softmax(-1))

    def put(self, value: Any) -> None:
        """Take what `generate` hands on: first the prompt, then each new token.

        Shapes:
            value: (1, T) or (1,), of one row.
        """
        if not self._is_writing:
            self._is_writing, self._ids, self._shown = True, [], ""
            self._probabilities.clear()
            return
        for token in value.reshape(-1).tolist():
            self._on_token(self._token(token))

    def end(self) -> None:
        """Take note that the answer is complete; the next `put` is another prompt."""
        self._is_writing = False

    def _token(self, token: int) -> Token:
        found = self._probabilities.popleft()
        values, places = found.topk(min(CANDIDATES, len(found)))
        candidates = zip(places.tolist(), values.tolist(), strict=True)
        special = token in self._tokenizer.all_special_ids
        return Token(
            text=self._name(token) if special else self._next_text(token),
            probability=float(found[token]),
            candidates=[(self._name(one), value) for one, value in candidates],
            special=special,
        )

    def _next_text(self, token: int) -> str:
        """Return what a token adds to the text; nothing where it is a part of a character."""
        self._ids.append(token)
        whole = self._tokenizer.decode(self._ids, skip_special_tokens=True)
        if whole.endswith("\N{REPLACEMENT CHARACTER}"):
            return ""
        added, self._shown = whole[len(self._shown) :], whole
        return added

    def _name(self, token: int) -> str:
        """Return a token as text; one that is none by its name in the vocabulary, or its bytes."""
        return token_text(self._tokenizer, token)
