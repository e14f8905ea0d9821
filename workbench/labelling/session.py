"""A session: one person goes through a queue of rows, and each decision is in the journal at once.

No widget: the notebook's, the terminal's and a test's session are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from ..runs.lock import whoami
from .items import Item, Question, Suggestion
from .journal import ADJUDICATION, Decision, Journal, Place


class Session:
    """Rows in the order in which they are asked, and what `who` decides on them.

    It begins with the first row that `who` has not decided on. `reasons` says of rows why they
    are asked ("entropy, rank 3"); `others` shows what others said, to be adjudicated. A `blind`
    session shows neither what the source says nor what a model suggests.
    """

    def __init__(
        self,
        items: Sequence[Item],
        journal: Journal,
        question: Question,
        who: str = "",
        suggestions: Mapping[Place, Suggestion] | None = None,
        reasons: Mapping[Place, str] | None = None,
        others: Mapping[Place, Mapping[str, Any]] | None = None,
        blind: bool = False,
    ) -> None:
        self.items = list(items)
        self.journal = journal
        self.question = question
        self.who = who or whoami()
        self.suggestions = {} if blind else dict(suggestions or {})
        self.blind = blind
        self._reasons = dict(reasons or {})
        self.others = {place: dict(values) for place, values in (others or {}).items()}
        self._places = {item.place: number for number, item in enumerate(self.items)}
        self._mine = self._decided()
        self.at = self._next(0)

    @property
    def item(self) -> Item | None:
        """The row that is asked now; None when all are decided."""
        return self.items[self.at] if 0 <= self.at < len(self.items) else None

    @property
    def mine(self) -> Decision | None:
        """What `who` has decided on the row that is asked now, if anything."""
        return None if self.item is None else self._mine.get(self.item.place)

    def decide(self, value: Any, note: str = "") -> Decision:
        """Write an answer to the present row into the journal, and go on to the next.

        Raises:
            InputError: the answer does not fit, or the journal cannot be written.
        """
        item = self._asked()
        return self._write("label", item, self.question.check(value, item), note)

    def skip(self, note: str = "") -> Decision:
        """Leave the present row undecided, say so in the journal, and go on to the next."""
        return self._write("skip", self._asked(), None, note)

    def note(self, words: str) -> None:
        """Write a note on the present row, and stay there."""
        item = self._asked()
        self.journal.decide(
            item.row, item.split, item.key, act="note", was=item.was, note=words, who=self.who
        )

    def undo(self) -> Decision | None:
        """Take back the last act, and go to its row; None where there is none."""
        undone = self.journal.undo(self.who)
        if undone is not None:
            self._mine = self._decided()
            self.at = self._places.get(undone.place, self.at)
        return undone

    def move(self, steps: int) -> None:
        """Go on or back so many rows, whatever is decided; the ends are the ends."""
        self.at = min(max(self.at + steps, 0), len(self.items) - 1)

    def progress(self) -> dict[str, Any]:
        """Return how many rows there are, `labelled` and `skipped`, and how often each label."""
        acts = Counter(one.act for one in self._mine.values())
        counts: Counter[str] = Counter()
        for one in self._mine.values():
            held = one.value if isinstance(one.value, list) else [one.value]
            names: list[Any] = [v.get("label") if isinstance(v, dict) else v for v in held]
            counts.update(name for name in names if one.act == "label" and name in self._names)
        return {
            "total": len(self.items),
            "labelled": acts["label"],
            "skipped": acts["skip"],
            "counts": {name: counts[name] for name in self._names},
        }

    @property
    def _names(self) -> Sequence[Any]:
        if self.question.kind == "number":
            return sorted({one.value for one in self._mine.values() if one.act == "label"})
        return self.question.labels

    def _asked(self) -> Item:
        if self.item is None:
            raise IndexError("all rows are decided")
        return self.item

    def _write(self, act: str, item: Item, value: Any, note: str) -> Decision:
        why = ADJUDICATION if item.place in self.others else self._reasons.get(item.place, "")
        made = self.journal.decide(
            item.row, item.split, item.key, value,
            act=act, was=item.was, note=note, why=why, who=self.who,
        )  # fmt: skip
        self._mine[item.place] = made
        self.at = self._next(self.at + 1)
        return made

    def _decided(self) -> dict[Place, Decision]:
        """Return what I decided on the rows of the queue, on the texts that now stand there."""
        own = self.journal.decisions(self.who)
        found = {}
        for place, number in self._places.items():
            one = own.get(place)
            if one is None or one.key != self.items[number].key:
                continue
            # Of a row to adjudicate, what I said before I was asked to is no decision.
            if place not in self.others or one.why == ADJUDICATION:
                found[place] = one
        return found

    def _next(self, start: int) -> int:
        """Return the first undecided row from `start` on, then from the beginning, else the end."""
        order = chain(range(start, len(self.items)), range(min(start, len(self.items))))
        open_rows = (n for n in order if self.items[n].place not in self._mine)
        return next(open_rows, len(self.items))
