"""Messages are the same on both sides, and what widgets send is what their types say."""

import re
import types
import typing
from importlib import resources
from typing import Any, Literal, NotRequired

import pytest

from workbench.widgets import messages

WIDGETS = {
    "attention": "Desk", "dataset_map": "Map", "live": "Live", "steering": "Steering",
    "form": "Form", "spec_panel": "SpecPanel", "labelling": "Labelling", "playground": "Playground",
}  # fmt: skip
UNIONS = [f"{way}{name}" for name in WIDGETS.values() for way in ("From", "To")]


def declared() -> dict[str, str]:
    """Return what `messages.d.ts` declares, by name, without its comments."""
    text = resources.files("workbench.static").joinpath("messages.d.ts").read_text("utf-8")
    text = re.sub(r"/\*\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    found = re.findall(r"export interface (\w+) \{(.*?)\}", text, re.DOTALL)
    found += re.findall(r"export type (\w+) =(.*?);", text, re.DOTALL)
    return {name: " ".join(body.split()) for name, body in found}


def in_typescript(kind: Any) -> str:
    """Return a type of Python as TypeScript writes it."""
    plain = {Any: "unknown", type(None): "null", int: "number", float: "number", str: "string",
             bool: "boolean"}  # fmt: skip
    if kind in plain:
        return plain[kind]
    origin, parts = (
        typing.get_origin(kind),
        [*map(in_typescript, typing.get_args(kind))]
        if (typing.get_origin(kind) is not Literal)
        else [f'"{one}"' for one in typing.get_args(kind)],
    )
    if origin is NotRequired:
        return parts[0]
    if origin is list:
        return f"({parts[0]})[]" if " | " in parts[0] else f"{parts[0]}[]"
    if origin is tuple:
        return f"[{', '.join(parts)}]"
    if origin is dict:
        return f"Record<{', '.join(parts)}>"
    return " | ".join(parts) if parts else kind.__name__


def test_both_sides_name_the_same_messages_with_the_same_fields():
    ours = {}
    for name, kind in vars(messages).items():
        if typing.is_typeddict(kind) and name not in UNIONS:
            hints = typing.get_type_hints(kind, include_extras=True)
            ours[name] = " ".join(
                f"{key}{'' if key in kind.__required_keys__ else '?'}: {in_typescript(hint)};"
                for key, hint in hints.items()
            )
        elif name in UNIONS:
            ours[name] = in_typescript(kind)
    assert ours == declared()


def fits(value: Any, kind: Any) -> bool:
    """Return whether a value is of a type, as far as messages know types."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return True
    if origin is Literal:
        return value in parts
    if origin is NotRequired:
        return fits(value, parts[0])
    if origin is types.UnionType:
        return any(fits(value, part) for part in parts)
    if origin is list:
        return isinstance(value, list) and all(fits(one, parts[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(
            fits(k, parts[0]) and fits(v, parts[1]) for k, v in value.items()
        )
    if typing.is_typeddict(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        return (
            isinstance(value, dict)
            and kind.__required_keys__ <= set(value) <= set(hints)
            and all(fits(one, hints[key]) for key, one in value.items())
        )
    number = kind is float and isinstance(value, int) and not isinstance(value, bool)
    return number or type(value) is kind


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ({"kind": "rows", "rows": [1]}, {"kind": "rows", "rows": ["1"]}),
        ({"kind": "label", "row": 1, "value": ["a"]}, {"kind": "label", "row": 1}),
        ({"kind": "undo"}, {"kind": "undo", "more": 1}),
    ],
)
def test_a_message_fits_its_type_and_no_other(value, wrong):
    assert fits(value, messages.FromMap)
    assert not fits(wrong, messages.FromMap)


def test_what_widgets_send_is_what_their_types_say(made):
    sent = 0
    for sample in made:
        union = getattr(messages, f"To{WIDGETS.get(sample['name'].split()[0])}", None)
        for message in sample["sent"]:
            assert fits(message["content"], union), message["content"]
            sent += 1
    assert sent >= 3


def test_every_message_says_its_kind():
    for name in UNIONS:
        kind = getattr(messages, name, None)
        for one in typing.get_args(kind) or ([kind] if kind else []):
            hints = typing.get_type_hints(one)
            assert typing.get_origin(hints["kind"]) is Literal, one
