"""The steps of `data.cleaning`: their names, parameters and ranges, and how one is written.

A step is its name, or its name with parameters: `fix_text`, `length(min=3, max=2000)`,
`mask(what=[url, email])`. It is read as a plain value, never run. What a step does is the function
of its name in `workbench/data/cleaning/`.
"""

from __future__ import annotations

import ast
import re
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..language import current, text
from .domain import Domain, refusal

MASKS = ("url", "email", "handle", "iban", "resident_id", "card", "ip", "phone", "id")


class Step(BaseModel):
    """One step of cleaning; its fields are the parameters."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, coerce_numbers_to_str=True
    )


class FixText(Step):
    """Undo text that was decoded wrongly and saved so: `â€™` becomes an apostrophe."""


class Unicode(Step):
    """Bring characters into one normal form."""

    form: Annotated[
        str,
        Domain(
            "NFC composes accents; NFKC also makes full-width letters and ligatures plain",
            choices=("NFC", "NFKC", "NFD", "NFKD"),
        ),
    ] = "NFC"


class Html(Step):
    """Turn HTML into the text that a reader would see."""


class Control(Step):
    """Remove control characters and invisible marks; tabs and line ends stay."""


class Whitespace(Step):
    """Make each run of blanks one blank, with none at either end."""

    keep_lines: Annotated[bool, Domain("leave the ends of lines, at most two in a row")] = False


class Mask(Step):
    """Put a word such as [URL] in the place of addresses, numbers and names of accounts."""

    what: Annotated[
        list[Annotated[str, Domain("kind", choices=MASKS)]],
        Domain(f"what is masked: {', '.join(MASKS)}"),
    ] = ["url", "email", "handle"]


class Chinese(Step):
    """Write Chinese in simplified or in traditional characters."""

    to: Annotated[
        str, Domain("the characters to write with", choices=("simplified", "traditional"))
    ] = "simplified"


class Length(Step):
    """Drop rows whose texts, taken together, are shorter or longer."""

    min: Annotated[int, Domain("the fewest", 0, 1_000_000)] = 1
    max: Annotated[int, Domain("the most", 1, 10_000_000)] = 10_000_000
    unit: Annotated[
        str, Domain("what is counted; words are parted by blanks", choices=("characters", "words"))
    ] = "characters"

    @model_validator(mode="after")
    def _check_order(self) -> Length:
        if self.min > self.max:
            raise refusal("min_above_max", text("spec.min_above_max"))
        return self


class Language(Step):
    """Drop rows in other languages; those too short or too mixed to tell stay."""

    keep: Annotated[list[str], Field(min_length=1), Domain("those that stay, as codes: [en, zh]")]


class Duplicates(Step):
    """Drop rows that repeat another, but for case and blanks."""

    keep: Annotated[str, Domain("which of them stays", choices=("first", "last"))] = "first"
    by: Annotated[
        str,
        Domain(
            "what must be equal: row, the texts and the answer; or text, whatever the answer",
            choices=("row", "text"),
        ),
    ] = "row"


class NearDuplicates(Step):
    """Drop rows whose texts are nearly those of a row that stays."""

    threshold: Annotated[
        float, Domain("how alike: the Jaccard index of their shingles", 0.5, 1, step=0.05)
    ] = 0.8
    characters: Annotated[int, Domain("length of a shingle", 2, 20, unit="characters")] = 5
    keep: Annotated[str, Domain("which of them stays", choices=("first", "last", "longest"))] = (
        "first"
    )


class Labels(Step):
    """Write each label in one way."""

    map: Annotated[
        dict[str, str],
        Domain("what else a label is called: {pos: positive, 1: positive}; case does not matter"),
    ] = {}
    synonyms: Annotated[
        bool,
        Domain("also join what is called differently in one column: pos and positive, n and no"),
    ] = True


class ConflictingLabels(Step):
    """Settle rows with the same text and different labels."""

    resolve: Annotated[
        str,
        Domain(
            "drop all of them, or those that disagree with the majority (all, if there is none)",
            choices=("drop", "majority"),
        ),
    ] = "drop"


def step_name(kind: type[Step]) -> str:
    """Return the name that a step is written with: `NearDuplicates` is `near_duplicates`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


STEPS: dict[str, type[Step]] = {step_name(kind): kind for kind in Step.__subclasses__()}


def parse_step(entry: str) -> Step:
    """Read one entry of `data.cleaning`.

    Raises:
        ValueError: with what would mend it.
    """
    name, given = _read(entry)
    if name not in STEPS:
        near = get_close_matches(name, STEPS, n=1)
        known = text("spec.one_of", choices=", ".join(STEPS))
        raise ValueError(text("spec.did_you_mean", near=near[0]) if near else known)
    try:
        return STEPS[name].model_validate(given)
    except ValidationError as error:
        faults = [_fault(name, entry) for entry in error.errors(include_url=False)]
        raise ValueError(text("spec.comma").join(dict.fromkeys(faults))) from None


def step_help() -> list[dict[str, Any]]:
    """Return every step with its help and its parameters, as plain data, in the current language.

    In English the help is that of this module; other languages have it below `clean.steps`.
    """
    return [
        {
            "name": name,
            "help": _translate(f"{name}.is", (kind.__doc__ or "").partition("\n")[0]),
            "parameters": [_parameter_help(name, *item) for item in kind.model_fields.items()],
        }
        for name, kind in STEPS.items()
    ]


def _parameter_help(step: str, name: str, info: Any) -> dict[str, Any]:
    domain = next(extra for extra in info.metadata if isinstance(extra, Domain))
    scope = domain.describe()
    return {
        "name": name,
        "default": text("clean.needed") if info.is_required() else str(info.get_default()),
        "help": _translate(f"{step}.{name}", domain.help) + f" [{scope}]" * bool(scope),
    }


def _translate(key: str, english: str) -> str:
    return english if current() == "en" else text(f"clean.steps.{key}")


def split_steps(value: Any) -> Any:
    """Return entries as typed, with those put together again that a comma has torn.

    A person types `[fix_text, length(min=3, max=2000)]`, in which YAML sees three items, or no
    list at all.
    """
    if isinstance(value, str):
        inner = value.strip()
        bare = inner.startswith("[") and inner.endswith("]")
        value = [inner[1:-1] if bare else inner]
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        return value
    whole: list[str] = []
    for part in re.split(r",", ", ".join(value)):
        if whole and _is_open(whole[-1]):
            whole[-1] += f",{part}"
        else:
            whole.append(part)
    return [part.strip() for part in whole if part.strip()]


def check_step(entry: str) -> str:
    """Let pydantic refuse an entry with its remedy."""
    try:
        parse_step(entry)
    except ValueError as error:
        raise refusal("bad_step", str(error)) from None
    return entry


def _is_open(part: str) -> bool:
    """Say whether brackets are open at the end of a part of an entry; in quotes, all counts not."""
    bare = re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", "", part)
    return sum(map(bare.count, "([{")) > sum(map(bare.count, ")]}")) or "'" in bare or '"' in bare


def _read(entry: str) -> tuple[str, dict[str, Any]]:
    """Return the name of a step and its parameters, as plain values."""
    try:
        match ast.parse(entry.strip(), mode="eval").body:
            case ast.Name(id=name):
                return name, {}
            case ast.Call(func=ast.Name(id=name), args=[], keywords=words):
                given = {word.arg: _plain(word.value) for word in words if word.arg}
                if len(given) == len(words):
                    return name, given
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    raise ValueError(text("spec.step_form"))


def _plain(value: ast.expr) -> Any:
    """Return a plain value, in which words need no quotes."""
    match value:
        case ast.Name(id=word):
            return word  # `true`, too: pydantic takes it where true or false is asked for
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_plain(item) for item in items]
        case ast.Dict(keys=keys, values=values) if all(keys):
            return {_plain(k): _plain(v) for k, v in zip(keys, values, strict=True) if k}
    return ast.literal_eval(value)


def _fault(name: str, error: Any) -> str:
    """Return what is wrong with one parameter, and the remedy."""
    if not error["loc"]:  # of the step as a whole
        return error["ctx"]["remedy"]
    parameter = str(error["loc"][0])
    known = list(STEPS[name].model_fields)
    if error["type"] == "extra_forbidden":
        near = get_close_matches(parameter, known, n=1) or known
        held = text("spec.no_parameter", step=name, parameter=parameter)
        return f"{held}; {text('spec.did_you_mean', near=near[0])}" if near else held
    if error["type"] == "missing":
        return text("spec.parameter_missing", step=name, parameter=parameter)
    kind = error["type"].partition("_")[0]
    if error["type"] == "domain":
        remedy = error["ctx"]["remedy"]
    elif kind in ("int", "float", "finite", "bool", "string", "list", "dict"):
        remedy = text(f"spec.{kind}", example="{pos: positive}")
    else:  # too_short: of a list that must not be empty
        remedy = text("spec.list")
    return f"{parameter}: {remedy}"
