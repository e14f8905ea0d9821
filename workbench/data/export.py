"""Tables as files: csv that no spreadsheet runs, tsv, jsonl and parquet."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..runs import write_output
from .cells import as_text
from .patterns import safe_cell


def as_lines(records: Iterable[Mapping[str, Any]]) -> str:
    """Return records as jsonl: one object a line."""
    return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in records)


def check_ending(path: Path) -> None:
    """Refuse a file whose ending says nothing that can be written.

    Raises:
        InputError: naming the endings that can.
    """
    if path.suffix.lower() not in _WRITERS:
        raise InputError(
            "{name!r} has an ending that cannot be written",
            "end it in {endings}",
            name=path.name,
            endings=", ".join(_WRITERS),
        )


def write_table(frame: Any, path: Path, texts: Collection[str] = ()) -> int:
    """Write a frame, and return how many cells were made safe.

    In csv and tsv, lists and mappings become JSON; but a list in one of the columns `texts` is one
    text, its items joined by blanks.

    In csv and tsv, which spreadsheets open, a cell that would be taken for a formula gets an
    apostrophe in front; in jsonl and parquet all cells are as they were.

    Raises:
        InputError: the file has another ending, or cannot be written.
    """
    check_ending(path)
    return _WRITERS[path.suffix.lower()](frame, path, texts)


def _as_json(cell: Any) -> str:
    """Return a cell as text from which a list or a mapping can be read again."""
    held = cell.tolist() if hasattr(cell, "tolist") else cell
    if isinstance(held, list | dict):
        return json.dumps(held, ensure_ascii=False, default=str)
    return as_text(cell)


def _delimited(mark: str) -> Callable[[Any, Path, Collection[str]], int]:
    def write(frame: Any, path: Path, texts: Collection[str]) -> int:
        made_safe = 0
        columns = {}
        for name in frame.columns:
            write_cell = as_text if name in texts else _as_json
            cells = [write_cell(cell) for cell in frame[name]]
            safe = [safe_cell(cell) for cell in cells]
            made_safe += sum(a is not b for a, b in zip(cells, safe, strict=True))
            columns[safe_cell(str(name))] = safe
        table = type(frame)(columns, dtype=object)
        # A byte-order mark tells spreadsheets that the file is UTF-8.
        content = table.to_csv(None, sep=mark, index=False, lineterminator="\n")
        write_output(path, content.encode("utf-8-sig"))
        return made_safe

    return write


def _lines(frame: Any, path: Path, texts: Collection[str]) -> int:
    plain = frame.astype(object).where(frame.notna(), None)
    write_output(path, plain.to_json(None, orient="records", lines=True, force_ascii=False))
    return 0


def _parquet(frame: Any, path: Path, texts: Collection[str]) -> int:
    import io

    raw = io.BytesIO()
    try:
        frame.to_parquet(raw, index=False)
    except (ValueError, TypeError) as error:
        raise InputError(
            "{name}: a column holds cells of several types ({reason})",
            "write jsonl instead",
            name=path.name,
            reason=error,
        ) from None
    write_output(path, raw.getvalue())
    return 0


_WRITERS: dict[str, Callable[[Any, Path, Collection[str]], int]] = {
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".jsonl": _lines,
    ".parquet": _parquet,
}
