"""The spec as a form: one input a field, all of it derived from `workbench.spec.fields()`.

The form is one widget. The browser owns the inputs and sends what they hold (`entries`); Python
reads them through the one spec and answers with `faults`. Nothing typed is ever clamped or
rounded: a slider only writes into the text box beside it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anywidget
import traitlets

from .. import language as languages
from ..errors import Fault
from ..language import translate
from ..models import quantization
from ..spec import (
    Field,
    RunSpec,
    SpecError,
    fields,
    find,
    from_flat,
    from_yaml,
    needs_gpu,
    offered_recipes,
    recipe_names,
    recipe_text,
    recipe_title,
    to_flat,
)
from ..static import script, style
from ..tasks import served_by
from .entries import entry, kind, number, parse, slider_values
from .messages import FieldGroup, FieldView, FormView, Received, RecipeNotice
from .routing import use_subshell

# Shown at once; the other fields wait under "more". The choice is about readers, not about types.
BASIC = (
    "task",
    "data.source",
    "data.columns",
    "data.max_train_rows",
    "data.max_tokens",
    "model.source",
    "train.learning_rate",
    "train.num_train_epochs",
    "train.per_device_train_batch_size",
    "train.warmup_steps",
    "train.weight_decay",
    "train.seed",
)


# Values that a field offers, or a function that gives them in a language, each with a note.
Offer = Sequence[str] | Callable[[str], dict[str, str]]

_UI = (
    "recipe", "no_recipe", "more", "slider", "search", "search_none", "changed", "reset",
    "undo_recipe", "take_recipe",
)  # fmt: skip


class SpecForm(anywidget.AnyWidget):
    """A form over all fields of a spec; `form.spec` is what it says now.

    `suggestions` offers values for text fields, by short name: a list (`{"data_source": [...]}`),
    or a function that gives, in a language, the values with a note on each; others may still be
    typed. `language` is `en` or `zh`; left out, what the spec itself asks for.
    """

    _esm = script("form.js")
    _css = style("controls.css", "form.css")
    schema: Any = traitlets.Dict().tag(sync=True)  # a `FormView`
    entries = traitlets.Dict().tag(sync=True)
    faults = traitlets.Dict().tag(sync=True)
    recipe = traitlets.Unicode().tag(sync=True)
    base = traitlets.Dict().tag(sync=True)  # the entries that the form began from
    notice: Any = traitlets.Dict().tag(sync=True)  # a `RecipeNotice`, or empty

    def __init__(
        self,
        spec: RunSpec | None = None,
        language: str | None = None,
        suggestions: Mapping[str, Offer] | None = None,
    ) -> None:
        # Handlers run on a subshell's thread while a cell may run on the main one.
        self._lock = threading.RLock()
        self._held: dict[str, tuple[Any, Any]] = {}
        self._sets = False  # it is this object that sets the entries
        self._undo: _Snapshot | None = None
        self._taken = ""
        self._callbacks: list[Callable[[SpecForm], None]] = []
        spec = spec or RunSpec()
        self._language = language
        self._suggestions = suggestions or {}
        self.language = language or languages.resolve(spec.output.language)
        super().__init__(schema=_schema(self.language, self._suggestions))
        self.observe(self._read_entries, "entries")
        self.observe(self._recipe_chosen, "recipe")
        self.set_spec(spec)
        self.on_msg(self._received)
        use_subshell(self)

    @property
    def spec(self) -> RunSpec:
        """What the form says now.

        Raises:
            SpecError: naming every field that holds what it cannot.
        """
        with self._lock:
            values = {field.name: self._value(field) for field in fields()}
        return from_flat(values, where=translate("the form"))

    @property
    def fault_text(self) -> str:
        """All faults, one a line; empty while there is none."""
        try:
            _ = self.spec
        except SpecError as error:
            return "\n".join(error.lines)
        return ""

    def set_spec(self, spec: RunSpec) -> None:
        """Set every field; what the form says afterwards is `spec`, to the last digit."""
        values = to_flat(spec)
        with self._lock:
            shown = {field.name: entry(field, values[field.name]) for field in fields()}
            held = {name: (shown[name], values[name]) for name in shown}
            self._undo, self.notice = None, {}
            self._set(shown, held, dict(self.base) or shown)

    def mark(self, faults: Iterable[Fault]) -> None:
        """Show further faults beside their fields, until something is changed."""
        with self._lock:
            self.faults = {**self.faults, **_by_field(faults)}

    def on_change(self, callback: Callable[[SpecForm], None]) -> None:
        """Call `callback(form)` after every change, whether the form is now at fault or not."""
        self._callbacks.append(callback)

    def _value(self, field: Field) -> Any:
        """Return the value last set while its input still shows it, else what was typed."""
        shown = self.entries.get(field.name, "")
        set_entry, set_value = self._held[field.name]
        return set_value if shown == set_entry else parse(field, shown)

    def _read_entries(self, change: Any = None) -> None:
        with self._lock:
            if change is not None and not self._sets:  # somebody types: what was told is over
                self._undo, self.notice = None, {}
            spec = None
            try:
                spec = self.spec
                self.faults = {}
            except SpecError as error:
                self.faults = _by_field(error.faults)
            self.recipe = _recipe_of(spec)
            if spec is not None:
                self._speak(self._language or languages.resolve(spec.output.language))
        for callback in list(self._callbacks):
            callback(self)

    def _speak(self, language: str) -> None:
        """Draw the form in another language, where it is another."""
        if language != self.language:
            self.language = language
            self.schema = _schema(language, self._suggestions)

    def _recipe_chosen(self, change: Any) -> None:
        if change["new"] in recipe_names():
            chosen = from_yaml(recipe_text(change["new"]))
            with self._lock:
                if self.fault_text or self.spec != chosen:
                    self._take(change["new"], keep=True)

    def _take(self, recipe: str, keep: bool) -> None:
        """Set the form to a recipe; with `keep`, leave what was set by hand, and say what."""
        with self._lock:
            before = _Snapshot(dict(self.entries), dict(self._held), dict(self.base))
            values = to_flat(from_yaml(recipe_text(recipe)))
            shown = {field.name: entry(field, values[field.name]) for field in fields()}
            kept = [
                field
                for field in fields()
                if keep
                and before.entries.get(field.name) not in (before.base.get(field.name), None)
                and before.entries[field.name] != shown[field.name]
            ]
            held = {name: (shown[name], values[name]) for name in shown}
            held |= {field.name: before.held[field.name] for field in kept}
            entries = shown | {field.name: before.entries[field.name] for field in kept}
            self._set(entries, held, shown)
            changed = sum(entries[name] != before.entries.get(name) for name in entries)
            self._undo = before
            self._taken = recipe
            self.notice = self._tell(recipe, changed, kept, shown)

    def _tell(
        self, recipe: str, changed: int, kept: list[Field], shown: Mapping[str, Any]
    ) -> RecipeNotice:
        def text(key: str, **values: Any) -> str:
            return languages.text(f"form.ui.{key}", self.language, **values)

        lines = [
            text(
                "recipe_line",
                label=languages.text(f"form.label.{field.path}", self.language),
                own=_said(self.entries[field.name]) or text("none"),
                recipe=_said(shown[field.name]) or text("none"),
            )
            for field in kept
        ]
        title = text("recipe_kept") if kept else ""
        notice = text("recipe_taken", recipe=recipe, count=changed)
        return {"text": notice, "kept_title": title, "kept": lines}

    def _set(
        self, entries: dict[str, Any], held: dict[str, tuple[Any, Any]], base: dict[str, Any]
    ) -> None:
        """Set what the inputs hold, and what they are compared with."""
        with self._lock:
            self._held, self._sets = held, True
            try:
                self.base = base
                self.entries = entries
                self._read_entries()
            finally:
                self._sets = False

    def _received(self, _: Any, content: Received, __: Any) -> None:
        with self._lock:
            undo = self._undo
            if undo is None:
                return
            if content.get("kind") == "undo_recipe":
                self._set(undo.entries, undo.held, undo.base)
                self._undo, self.notice = None, {}
            elif content.get("kind") == "take_recipe":
                self._take(self._taken, keep=False)
                self._undo = undo  # to undo means before the recipe


@dataclass(frozen=True)
class _Snapshot:
    """What a form held: its inputs, the values behind them, and what they began from."""

    entries: dict[str, Any]
    held: dict[str, tuple[Any, Any]]
    base: dict[str, Any]


def _said(shown: Any) -> str:
    """Return an entry as it is told."""
    return ("✓" if shown else "✗") if isinstance(shown, bool) else str(shown)


def _recipe_of(spec: RunSpec | None) -> str:
    """Return the recipe that says the same as `spec`, or an empty string."""
    if spec is None:
        return ""
    return next((n for n in recipe_names() if from_yaml(recipe_text(n)) == spec), "")


def _by_field(faults: Iterable[Fault]) -> dict[str, str]:
    """Return the sentences of faults by the short names of the fields that they are about."""
    found: dict[str, list[str]] = {}
    for fault in faults:
        if fault.path and (field := find(fault.path)):
            found.setdefault(field.name, []).append(str(fault))
    return {name: "\n".join(said) for name, said in found.items()}


def _schema(language: str, suggestions: Mapping[str, Offer]) -> FormView:
    """Return everything that the browser needs to draw the form in one language."""

    def text(key: str) -> str:
        return languages.text(f"form.{key}", language)

    groups: dict[str, FieldGroup] = {}
    for field in fields():
        section = field.section or "data"  # the task stands above the data it asks for
        group = groups.setdefault(
            section, {"title": text(f"section.{section}"), "basic": [], "more": []}
        )
        part = group["basic"] if field.path in BASIC else group["more"]
        part.append(_describe(field, language, _offered(suggestions.get(field.name, ()), language)))
    return {
        "language": language,
        "groups": list(groups.values()),
        "recipes": {name: _recipe_line(name, language) for name in offered_recipes(language)},
        "labels": {name: text(f"ui.{name}") for name in _UI},
    }


def _offered(offer: Offer, language: str) -> dict[str, str]:
    """Return the values that are offered, each with a note, which may be empty."""
    return offer(language) if callable(offer) else dict.fromkeys(offer, "")


def _recipe_line(name: str, language: str) -> str:
    """Return a recipe's title, and whether it needs a GPU."""
    title = recipe_title(name, language)
    gpu = languages.text("form.ui.needs.gpu", language)
    return f"{title} [{gpu}]" if needs_gpu(name) else title


def _describe(field: Field, language: str, suggestions: dict[str, str]) -> FieldView:
    domain = field.domain
    refused, reason = _refused(field, language)
    unit = languages.text(f"form.unit.{domain.unit}", language) if domain.unit else ""
    return {
        "name": field.name,
        "label": languages.text(f"form.label.{field.path}", language),
        "help": f"{help_line(field, language)} {reason}".strip(),
        "range": _range(field, language),
        "kind": kind(field),
        "numeric": field.type in (int, float),
        "choices": list(domain.choices),
        "refused": refused,
        "stops": [number(value) for value in slider_values(field)],
        "log": domain.log,
        "unit": unit,
        "placeholder": languages.text("form.ui.none", language) if field.optional else "",
        "suggestions": suggestions,
        "tasks": list(served_by().get(field.path, ())),
        "default": entry(field, field.default),
    }


def _refused(field: Field, language: str) -> tuple[list[str], str]:
    """Return the choices that this machine does not have, and the reason as a sentence."""
    reason = quantization.why_missing() if field.path == "model.quantization" else ""
    if not reason:
        return [], ""
    sentence = languages.text("form.ui.not_here", language, reason=reason)
    return [choice for choice in field.domain.choices if choice != field.default], sentence


def help_line(field: Field, language: str) -> str:
    """Return the field's help as a sentence: in English its domain's, else the catalogue's."""
    if language == "en":
        line = field.domain.help
        line = line[0].upper() + line[1:]
    else:
        line = languages.text(f"form.help.{field.path}", language)
    return line if re.search(r"[.。…]$", line) else line + ("。" if language == "zh" else ".")


def _range(field: Field, language: str) -> str:
    domain = field.domain
    if domain.low is None or domain.high is None:
        return ""
    return languages.text(
        "form.ui.range", language, low=number(domain.low), high=number(domain.high)
    )
