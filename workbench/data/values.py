"""From cells to values, by the kind of their role."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..tasks import Role, RowError
from .cells import as_text
from .label_cells import LabelColumn, is_one

Repaired = Callable[[str, object], None]


@dataclass(frozen=True)
class Cells:
    """The columns that play a role: their cells, and what is known of them.

    `columns` has one name for each list of `cells`. `names` are those behind numbered classes,
    `separator` is what stands between several labels in a cell, and `several` says that a row
    may have any number of them; else it must have one. `several_targets` is that of the spec.
    `column` is what is known of a column of labels as a whole.
    """

    role: Role
    columns: list[str]
    cells: list[list[Any]]
    names: list[str] | None
    separator: str
    several: bool
    several_targets: str = "joined"
    column: LabelColumn = field(default_factory=LabelColumn)

    def value(self, position: int, repaired: Repaired) -> Any:
        """Return what the cells of a row mean; `repaired` is told what was mended.

        Raises:
            RowError: they mean nothing that the row could be used with.
        """
        cells = [column[position] for column in self.cells]
        match self.role.kind:
            case "text":
                several = self.several_targets if self.role.may_be_several else "joined"
                return (
                    _text(cells, self.role)
                    if several == "joined"
                    else _texts(cells, self.role, keep_empty=several == "aspects")
                )
            case "label" if len(cells) > 1:
                set_ones = zip(self.columns, cells, strict=True)
                return self._counted([name for name, cell in set_ones if _is_set(cell)])
            case "label":
                return self._counted(self._spelled(self._label(cells[0]), repaired))
            case "labels":
                return _labels(cells[0], self.names)
            case "numbers":
                return _numbers(cells, repaired)
        return structure(cells[0])

    def _label(self, cell: Any) -> str | list[str]:
        """Return the label in a cell, or several.

        Raises:
            RowError: it says that there is none, or holds what is no label.
        """
        if self.column.one_hot and isinstance(held := structure(cell), list):
            names = self.names or list(map(str, range(len(held))))
            return [name for name, one in zip(names, held, strict=False) if is_one(one)]
        if (
            not isinstance(cell, list | dict)
            and (text := as_text(cell).strip()) in self.column.none
        ):
            raise RowError("no_gold_label", text)
        return _label(cell, self.names, self.separator or self.column.separator)

    def _spelled(self, held: str | list[str], repaired: Repaired) -> str | list[str]:
        """Return labels that are numbers in the one way that counts."""
        if isinstance(held, list):
            return [self.column.spellings.get(label, label) for label in held]
        if held in self.column.spellings:
            repaired("label_number", f"{held} → {self.column.spellings[held]}")
        return self.column.spellings.get(held, held)

    def _counted(self, held: str | list[str]) -> str | list[str]:
        """Return the labels of a row, each once; the one, where a row has only one."""
        labels = [held] if isinstance(held, str) else list(dict.fromkeys(filter(None, held)))
        if self.several:
            return labels
        if len(labels) != 1:
            raise RowError("several_labels", ", ".join(labels))
        return labels[0]


def _text(cells: list[Any], role: Role) -> str:
    if structured := next((cell for cell in cells if is_structured(cell)), None):
        raise RowError("structured_text", structured)
    text = " ".join(map(as_text, cells))
    if not text.strip() and not role.may_be_empty:
        raise RowError("empty_answer" if role.answer else "empty_text")
    return text


def _texts(cells: list[Any], role: Role, keep_empty: bool) -> list[str]:
    """Return the texts of a list in the one cell, or one a column; some of them may be empty."""
    held = structure(cells[0]) if len(cells) == 1 else cells
    texts = [as_text(one).strip() for one in (held if isinstance(held, list) else [held])]
    _text(texts, role)
    return texts if keep_empty else [text for text in texts if text]


def _label(cell: Any, names: list[str] | None, separator: str) -> str | list[str]:
    """Return a cell as the name of a class, or as several where it holds several."""
    held = structure(cell)
    if isinstance(held, dict):
        raise RowError("structured_label", held)
    if isinstance(held, list):
        return _labels(held, names)
    text = as_text(cell).strip()
    if separator:
        return [_name(part.strip(), names) for part in text.split(separator) if part.strip()]
    if not (label := _name(text, names)):
        raise RowError("empty_label")
    return label


def _labels(cell: Any, names: list[str] | None) -> list[str]:
    held = structure(cell)
    if not isinstance(held, list):
        raise RowError("no_list", held)
    if any(isinstance(item, list | dict) for item in held):
        raise RowError("structured_label", held)
    return [_name(as_text(item).strip(), names) for item in held]


def _name(text: str, names: list[str] | None) -> str:
    """Return the name behind a number; -1 is how hub sets say that there is none."""
    if names is None or not text.lstrip("-").isdecimal():
        return text
    return names[int(text)] if 0 <= int(text) < len(names) else ""


def _is_set(cell: Any) -> bool:
    """Say whether the column of a label holds that the row has it.

    Raises:
        RowError: the cell is neither yes nor no.
    """
    text = as_text(cell).strip().casefold()
    if text in ("1", "1.0", "true", "yes"):
        return True
    if text in ("0", "0.0", "false", "no", ""):
        return False
    raise RowError("no_yes_no", text)


def _numbers(cells: list[Any], repaired: Repaired) -> list[float]:
    """Return one number a column, or those of a list in the one cell."""
    if len(cells) == 1 and isinstance(held := structure(cells[0]), list):
        cells = held
    return [_number(cell, repaired) for cell in cells]


def _number(cell: Any, repaired: Repaired) -> float:
    text = as_text(cell).strip()
    if not text:
        raise RowError("empty_label")
    head, comma, tail = text.partition(",")
    # 1,234 may be a thousand or a little more than one; 3,5 can only be three and a half.
    if comma and head.lstrip("+-").isdecimal() and tail.isdecimal() and len(tail) != 3:
        repaired("decimal_comma", text)
        text = f"{head}.{tail}"
    try:
        number = float(text)
    except ValueError:
        raise RowError("no_number", text) from None
    if not math.isfinite(number):
        raise RowError("no_number", text)
    return number


def is_structured(cell: Any) -> bool:
    """Say whether a cell is an object, or a list of other things than texts."""
    held = cell.tolist() if hasattr(cell, "tolist") else cell
    return isinstance(held, dict) or (
        isinstance(held, list) and any(isinstance(one, list | dict) for one in held)
    )


def structure(cell: Any) -> Any:
    """Return the list or mapping in a cell, also where it is written as JSON or Python."""
    if hasattr(cell, "tolist"):
        return cell.tolist()
    if not isinstance(cell, str) or not cell.lstrip().startswith(("[", "{", "(")):
        return cell
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return cell
