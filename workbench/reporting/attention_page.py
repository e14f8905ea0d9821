"""Where a model looked in one text, away from the kernel: a page, a picture, a mime bundle."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from .. import language
from ..attention.record import AttentionRecord
from ..errors import InputError
from ..figures.attention import Head, attention_picture
from ..figures.output import html_output
from ..figures.theme import FONT
from ..language import text
from ..runs import write_output
from ..static import script, style
from .desk import desk_labels
from .parts import file, template

# A picture of a longer text is large, so it is kept at half the fineness.
MOST_FINE_TOKENS = 96


def desk_values(
    records: Sequence[AttentionRecord],
    loss: Sequence[tuple[int, float]] = (),
    start: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what the front end asks its model for; `loss` is the training loss by step.

    `start` are choices to begin with, such as those of `comparing`.
    """
    return {
        "records": [record.to_dict() for record in records],
        "labels": desk_labels(),
        "loss": [list(point) for point in loss],
        "live": [],
        "start": start,
    }


def comparing(at: int) -> dict[str, Any]:
    """Return the choices that show record `at` against the first."""
    return {"at": at, "against": 0, "tint": "divergence"}


def alone(at: int) -> dict[str, Any]:
    """Return the choices that show record `at` by itself."""
    return {"at": at, "against": None, "tint": "entropy"}


# The picture stands in for the desk: it need not be as fine as one that was asked for.
STILL_PIXELS = 160


def still_image(records: Sequence[AttentionRecord], adaptive: bool = False) -> Markup:
    """Return the picture of the last record, as an `<img>` that survives where no script runs."""
    drawing = attention_picture(records[-1], _before(records))
    drawn = drawing.svg(adaptive, most=STILL_PIXELS)
    data = base64.b64encode(drawn.encode("utf-8")).decode("ascii")
    return Markup(
        '<img alt="{alt}" src="data:image/svg+xml;base64,{data}" '
        'style="max-width:100%;height:auto">'
    ).format(alt=describe(records), data=data)


def describe(records: Sequence[AttentionRecord]) -> str:
    """Return one line: what is shown, of whom, and what it answered."""
    last = records[-1]
    parts = [text("attention.view.title"), f"“{last.text}”"]
    parts += [f"{one.model or one.architecture}: {one.prediction}" for one in records
              if one.prediction]  # fmt: skip
    return " – ".join(" ".join(part.split()) for part in parts)


def desk_bundle(
    records: Sequence[AttentionRecord], identity: str = "", **more: Any
) -> dict[str, Any]:
    """Return the desk as a mime bundle that needs no kernel and no network.

    A picture comes first: it is what an untrusted notebook and a code host's preview show. Where
    scripts run, the desk takes its place. `more` goes to `desk_values`; a live desk that names
    `identity` as its twin hides it.
    """
    desk = {
        "id": identity or f"wb-desk-{uuid.uuid4().hex}",
        "given": desk_values(records, **more),
        "still": still_image(records),
    }
    markup = template("attention_output.html.j2").render(
        desk=desk, family=Markup(FONT), **desk_scripts(f"#{desk['id']}")
    )
    finer = 2 if len(records[-1].tokens) <= MOST_FINE_TOKENS else 1
    picture = attention_picture(records[-1], _before(records)).png(finer)
    page = html_output(markup, describe(records))
    return page | {"image/png": base64.b64encode(picture).decode("ascii")}


def desk_scripts(places: str) -> dict[str, Markup]:
    """Return script and style that bring to life the desks at `places`, a CSS selector."""
    shown = f"{script('attention/page.js')}showDesks({json.dumps(places)});\n"
    return {
        "attention_script": Markup(shown),
        "attention_style": Markup(style("attention/desk.css")),
    }


def write_look(
    records: Sequence[AttentionRecord],
    path: Path,
    layer: int | None = None,
    head: int | None = None,
) -> None:
    """Write records as `.html` (the desk), `.png` or `.svg` (a picture) or `.json`.

    Two records are of one text, before and after. For the picture, `layer` and `head` count from
    1; left out, they are the last layer and the mean of its heads.

    Raises:
        InputError: the file has another ending or cannot be written, or the model has no such
            layer or head.
    """
    makers: dict[str, Callable[[], str | bytes]] = {
        ".html": lambda: desk_page(records),
        ".png": lambda: _picture(records, layer, head).png(),
        ".svg": lambda: _picture(records, layer, head).svg(),
        ".json": lambda: _json(records),
    }
    if path.suffix not in makers:
        raise InputError(
            "--out {name!r} has an ending that cannot be written",
            "end it in {endings}",
            name=path.name,
            endings=", ".join(makers),
        )
    write_output(path, makers[path.suffix]())


def desk_page(records: Sequence[AttentionRecord]) -> str:
    """Return the desk as one HTML document."""
    desk = {
        "id": "desk",
        "given": desk_values(records, start=comparing(1) if len(records) == 2 else None),
        "still": still_image(records, adaptive=True),
    }
    return template("look.html.j2").render(
        desk=desk,
        language=language.current(),
        name=" / ".join(dict.fromkeys(record.model for record in records if record.model)),
        css=Markup(file("page.css")),
        **desk_scripts(".wb-desk"),
    )


def _before(records: Sequence[AttentionRecord]) -> AttentionRecord | None:
    return records[0] if len(records) > 1 else None


def _json(records: Sequence[AttentionRecord]) -> str:
    """Return one record a line."""
    return "".join(record.to_json() + "\n" for record in records)


def _picture(records: Sequence[AttentionRecord], layer: int | None, head: int | None) -> Any:
    record = records[-1]
    for name, number, count in (("layer", layer, record.layers), ("head", head, record.heads)):
        if number is not None and not 1 <= number <= count:
            raise InputError(
                "--layer {number}: the model has {count} layers"
                if name == "layer"
                else "--head {number}: the model has {count} heads",
                "choose 1 to {count}",
                number=number,
                count=count,
            )
    chosen: Head | None = None
    if layer is not None or head is not None:
        chosen = ((layer or record.layers) - 1, (head or 1) - 1)
    return attention_picture(record, _before(records), head=chosen)
