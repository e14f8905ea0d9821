"""How labels are spread: rare ones, unbalanced ones, and names that differ by a slip."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from .found import finding
from .record import Finding
from .source import Opened, Split

# With fewer rows than this a class is hardly learned, and hardly measured.
FEW_ROWS = 10
# From this ratio of the largest class to the smallest on, accuracy hides the smallest.
UNEVEN = 10


def count_labels(splits: Sequence[Split]) -> dict[str, dict[str, int]]:
    """Return how often each label occurs in each split, the most frequent first."""
    total = Counter(label for split in splits for held in split.labels for label in held)
    counts = {}
    for split in splits:
        own = Counter(label for held in split.labels for label in held)
        counts[split.name] = {label: own[label] for label, _ in total.most_common()}
    return counts if total else {}


def missing(opened: Opened) -> list[Finding]:
    """Return the rows without a text, and those without an answer."""
    splits = opened.splits
    texts = {
        split.name: [i for i, key in enumerate(split.keys) if not key.strip("\0")]
        for split in splits
    }
    found = finding("missing_text", splits, texts)
    if opened.has_answers:
        answers = {
            split.name: [i for i, answer in enumerate(split.answers) if not answer.strip("\0")]
            for split in splits
        }
        found += finding("missing_answer", splits, answers)
    return found


def label_findings(splits: Sequence[Split], counts: dict[str, dict[str, int]]) -> list[Finding]:
    """Return rare classes, the imbalance of classes, and labels that differ only by a slip."""
    total: Counter[str] = Counter()
    for own in counts.values():
        total.update(own)
    if not total:
        return []
    rare = {label for label, count in total.items() if count < FEW_ROWS}
    found = finding("rare_labels", splits, _rows_with(splits, rare), _labels, labels=len(rare))
    (most, high), (least, low) = total.most_common(1)[0], total.most_common()[-1]
    if high >= UNEVEN * low:
        found += finding(
            "imbalance", splits, _rows_with(splits, {least}), _labels,
            most=most, high=f"{high:,}", least=least, low=f"{low:,}",
            ratio=f"{high / low:,.0f}",
        )  # fmt: skip
    spellings = defaultdict(set)
    for label in total:
        spellings["".join(filter(str.isalnum, label.casefold())) or label].add(label)
    unclear = {label for held in spellings.values() if len(held) > 1 for label in held}
    names = ", ".join(repr(label) for label in sorted(unclear)[:6])
    return found + finding(
        "label_spelling", splits, _rows_with(splits, unclear), _labels, labels=names
    )


def _labels(split: Split, position: int) -> str:
    return ", ".join(split.labels[position])


def _rows_with(splits: Sequence[Split], labels: set[str]) -> dict[str, list[int]]:
    if not labels:
        return {}
    return {
        split.name: [i for i, held in enumerate(split.labels) if not labels.isdisjoint(held)]
        for split in splits
    }
