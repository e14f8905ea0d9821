"""The spec as a form: one input a field, all of it derived from `workbench.spec.fields()`.

The form is one widget. The browser owns the inputs and sends what they hold (`entries`); Python
reads them through the one spec and answers with `faults`. Nothing typed is ever clamped or
rounded: a slider only writes into the text box beside it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
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
from .messages import FieldGroup, FieldView, FormView
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


class SpecForm(anywidget.AnyWidget):
    """A form over all fields of a spec; `form.spec` is what it says now.

    `suggestions` offers values for text fields, by short name (`{"data_source": [...]}`); others
    may still be typed. `language` is `en` or `zh`; left out, what the spec itself asks for.
    """

    _esm = script("form.js")
    _css = style("controls.css", "form.css")
    schema: Any = traitlets.Dict().tag(sync=True)  # a `FormView`
    entries = traitlets.Dict().tag(sync=True)
    faults = traitlets.Dict().tag(sync=True)
    recipe = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        spec: RunSpec | None = None,
        language: str | None = None,
        suggestions: Mapping[str, list[str]] | None = None,
    ) -> None:
        # Handlers run on a subshell's thread while a cell may run on the main one.
        self._lock = threading.RLock()
        self._held: dict[str, tuple[Any, Any]] = {}
        self._callbacks: list[Callable[[SpecForm], None]] = []
        spec = spec or RunSpec()
        self._language = language
        self._suggestions = suggestions or {}
        self.language = language or languages.resolve(spec.output.language)
        super().__init__(schema=_schema(self.language, self._suggestions))
        self.observe(self._read_entries, "entries")
        self.observe(self._recipe_chosen, "recipe")
        self.set_spec(spec)
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
            self._held = {name: (shown[name], values[name]) for name in shown}
            self.entries = shown
            self._read_entries()

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

    def _read_entries(self, _: Any = None) -> None:
        with self._lock:
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
                    self.set_spec(chosen)


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


def _schema(language: str, suggestions: Mapping[str, list[str]]) -> FormView:
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
        part.append(_describe(field, language, suggestions.get(field.name, [])))
    return {
        "groups": list(groups.values()),
        "recipes": {name: _recipe_line(name, language) for name in offered_recipes(language)},
        "labels": {name: text(f"ui.{name}") for name in ("recipe", "no_recipe", "more", "slider")},
    }


def _recipe_line(name: str, language: str) -> str:
    """Return a recipe's title, and whether it needs a GPU."""
    title = recipe_title(name, language)
    gpu = languages.text("form.ui.needs.gpu", language)
    return f"{title} [{gpu}]" if needs_gpu(name) else title


def _describe(field: Field, language: str, suggestions: list[str]) -> FieldView:
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
