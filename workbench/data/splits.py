"""Which part of the data is for learning and which for checking, and reproducible draws."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..sources.paths import bare_name

TRAIN = ("train", "training", "trn", "tr", "训练", "训练集")
VALIDATION = (
    "validation", "valid", "val", "dev", "devel", "development", "eval", "evaluation", "trial",
    "testa", "验证", "验证集", "开发集", "校验集",
)  # fmt: skip
TEST = ("test", "testing", "tst", "testb", "holdout", "测试", "测试集")
ROLES = {"train": TRAIN, "validation": VALIDATION, "test": TEST}


def split_files(files: Sequence[Path]) -> dict[str, list[Path]]:
    """Group files by the split that their names, or their folders' names, speak of.

    `msr-para-train.tsv` is `train`, `cmrc2018_dev.json` is `validation`, `test/part-0.csv` is
    `test`. Files that speak of none are shards of one set, under `all`; beside files that do,
    each goes by its own name.
    """
    groups: dict[str, list[Path]] = defaultdict(list)
    if len(files) == 1:
        return {"all": list(files)}
    folders = len({file.parent for file in files}) > 1
    named = {file: split_of(file, folders) for file in files}
    for file in files:
        role = named[file]
        groups[role or (stem(file) if any(named.values()) else "all")].append(file)
    return {name: groups[name] for name in (*ROLES, *groups) if name in groups}


def split_of(file: Path, folder_counts: bool = False) -> str:
    """Return `train`, `validation` or `test` where the file's name says so, else nothing.

    With `folder_counts`, a folder called just so speaks for the files in it.
    """
    if role := role_of(stem(file)):
        return role
    return role_of(file.parent.name, whole=True) if folder_counts else ""


def role_of(name: object, whole: bool = False) -> str:
    """Return `train`, `validation` or `test` where a word of a name says so, else nothing.

    With `whole`, the name must be that word.
    """
    lower = str(name).strip().casefold()
    words = [lower] if whole else re.findall(r"[a-z]+|[\u4e00-\u9fff]+", lower)
    roles = {role for role, names in ROLES.items() for word in words if word in names}
    return roles.pop() if len(roles) == 1 else ""


def stem(file: Path) -> str:
    """Return the file's name without its suffix, and without `.gz`.

    An ending that says what the file is for, as in `weibo.train` or `eng.testb`, stays.
    """
    name = file.name[: len(bare_name(file.name))]
    plain = Path(name)
    return name if role_of(plain.suffix.strip("."), whole=True) else plain.stem


def find_split(names: Iterable[str], role: str) -> str:
    """Return the split that plays `role` (train, validation, test), or nothing.

    A name that begins with the role (`validation_matched`) counts after those that equal it.
    """
    names = list(names)
    exact = [name for common in ROLES[role] for name in names if name.casefold() == common]
    longer = [name for name in names if re.split(r"[\W_]", name.casefold())[0] in ROLES[role]]
    return (exact + longer + [""])[0]


def hold_out(
    groups: Sequence[str], labels: Sequence[str], share: float, seed: int
) -> tuple[list[int], list[int]]:
    """Divide rows into those to learn from and those held out: two lists of positions, in order.

    Rows of one group (the same text) stay together. Each class gives about `share` of its rows,
    at least one group if it has two; a class with a single group stays on the learning side.
    Which rows are held out depends on the seed and the texts only, not on their order, so that
    most rows keep their side when the file grows.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for position, group in enumerate(groups):
        members[group].append(position)
    by_label: dict[str, list[str]] = defaultdict(list)
    for group, positions in members.items():
        by_label[labels[positions[0]]].append(group)
    held: set[int] = set()
    for label_groups in by_label.values():
        if len(label_groups) < 2:
            continue
        drawn = sorted(label_groups, key=lambda group: _ticket(group, seed))
        wanted = share * sum(len(members[group]) for group in drawn)
        taken: list[int] = []
        for group in drawn:
            if len(taken) < wanted and len(taken) + len(members[group]) / 2 <= wanted:
                taken += members[group]
        held.update(taken or members[min(drawn, key=lambda group: len(members[group]))])
    learned = [position for position in range(len(groups)) if position not in held]
    return learned, sorted(held)


def draw(keys: Sequence[str], labels: Sequence[str], count: int, seed: int) -> list[int]:
    """Draw `count` rows, each class by its share but at least one of each; positions in order.

    `keys` tell rows apart. A smaller draw with the same seed is nearly a part of a larger one.
    """
    if count >= len(keys):
        return list(range(len(keys)))
    by_label: dict[str, list[int]] = defaultdict(list)
    for position, label in enumerate(labels):
        by_label[label].append(position)
    quotas = _quotas({label: len(rows) for label, rows in by_label.items()}, count)
    drawn: list[int] = []
    for label, rows in by_label.items():
        drawn += sorted(rows, key=lambda row: _ticket(keys[row], seed))[: quotas[label]]
    return sorted(drawn)


def _quotas(sizes: dict[str, int], count: int) -> dict[str, int]:
    """Share `count` out by size: whole numbers, then the largest remainders; none left out."""
    total = sum(sizes.values())
    exact = {label: count * size / total for label, size in sizes.items()}
    quotas = {label: int(share) for label, share in exact.items()}
    order = sorted(
        sizes, key=lambda label: (quotas[label] > 0, quotas[label] - exact[label], label)
    )
    for label in order[: count - sum(quotas.values())]:
        quotas[label] += 1
    for label in sorted(sizes):
        largest = max(quotas, key=lambda name: (quotas[name], name))
        if quotas[label] == 0 and quotas[largest] > 1:
            quotas[label], quotas[largest] = 1, quotas[largest] - 1
    return quotas


def _ticket(key: str, seed: int) -> bytes:
    """Return a number for the draw, the same on every machine and in every version."""
    text = f"{seed}\0{key}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=8).digest()


class Groups:
    """Keys that belong together, however many steps apart; a group is named by its least key."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._above = {key: key for key in keys}

    def name(self, key: str) -> str:
        """Return the name of the group that a key belongs to."""
        while (above := self._above[key]) != key:
            self._above[key] = key = self._above[above]
        return key

    def join(self, one: str, other: str) -> None:
        """Bring the groups of two keys together."""
        low, high = sorted((self.name(one), self.name(other)))
        self._above[high] = low

    def join_equal(self, keys: Sequence[str], values: Sequence[str]) -> None:
        """Bring keys together whose rows have the same value; an empty one is none."""
        first: dict[str, str] = {}
        for key, value in zip(keys, values, strict=True) if values else ():
            if value:
                self.join(key, first.setdefault(value, key))
