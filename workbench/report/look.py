"""Where a model looked in one text, as a file: a page, a picture, or the record itself."""

from __future__ import annotations

from pathlib import Path

from .. import figures, language
from ..attention.record import AttentionRecord
from ..errors import InputError
from ..runs import write_text
from .contents import Probe
from .page import attention_values, template


def write_look(
    record: AttentionRecord, path: Path, layer: int | None = None, head: int | None = None
) -> None:
    """Write a record as `.html` (all layers and heads), `.svg` (one map) or `.json`.

    For the picture, `layer` and `head` count from 1; left out, they are the last layer and the
    mean of its heads.

    Raises:
        InputError: the file has another ending or cannot be written, or the model has no such
            layer or head.
    """
    makers = {
        ".html": lambda: _page(record),
        ".svg": lambda: _picture(record, layer, head),
        ".json": lambda: record.to_json() + "\n",
    }
    if path.suffix not in makers:
        raise InputError(
            f"--out {path.name!r} has an ending that cannot be written",
            "end it in " + ", ".join(makers),
        )
    content = makers[path.suffix]()
    try:
        write_text(path, content)
    except OSError as error:
        raise InputError(
            f"cannot write {path} ({error.strerror})", "choose another place"
        ) from None


def _page(record: AttentionRecord) -> str:
    values = attention_values([Probe(0, {"after": record})])
    return template("look.html.j2").render(
        values | {"language": language.current(), "name": record.model}
    )


def _picture(record: AttentionRecord, layer: int | None, head: int | None) -> str:
    for name, number, count in (("layer", layer, record.layers), ("head", head, record.heads)):
        if number is not None and not 1 <= number <= count:
            raise InputError(
                f"--{name} {number}: the model has {count} {name}s", f"choose 1 to {count}"
            )
    chosen = record.layers if layer is None else layer
    figure = figures.attention_heatmap(record, chosen - 1, None if head is None else head - 1)
    return figures.to_svg(figure)
