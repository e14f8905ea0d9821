"""The model card of a run: README.md with the hub's metadata, from what lies in the run folder."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from .. import language
from ..language import text, translate
from ..models.load import kind_in
from ..runs import RunFolder, read_json
from ..runs.evaluation import Evaluation
from ..runs.names import expanded
from ..sources import entries
from ..sources.paths import split_gguf
from ..spec import RunSpec, changes, dump_tree, find
from ..tasks import Task, task_of

# Licences that the hub knows by these names; another one is `other`, with its name beside it.
_HUB_LICENCES = (
    "apache-2.0", "mit", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0",
    "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "gpl-3.0", "agpl-3.0", "openrail", "llama2", "llama3",
    "llama3.1", "llama3.2", "gemma",
)  # fmt: skip
# A hub id; anything else is a place on this machine or in our own catalogue.
_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")


def model_card_text(run: RunFolder, kind: str = "folder") -> str:
    """Return the card of a run's model, in the run's language, with metadata that the hub reads.

    Raises:
        InputError: the run's spec is damaged.
    """
    spec, metrics, record = run.spec(), run.metrics(), run.record()
    card, profile = _json(run.path / "model.json"), _json(run.path / "data.json")
    task = task_of(metrics, spec)
    if run.model_path.is_dir():
        task = task.for_model(spec, kind_in(run.model_path, spec.model.trust_remote_code))
    with language.using(language.resolve(spec.output.language)):
        base, data = base_of(spec), _data(spec)
    adapter = spec.adapter.peft_method != "none" and kind in ("folder", "card")
    adapter = adapter and not card.get("whole_vocabulary")  # then it is exported merged
    licence = str(card.get("licence") or base.get("licence") or "")
    with language.using(language.resolve(spec.output.language)):
        body = _template().render(
            t=lambda key, **values: text(f"card.{key}", **values),
            name=run.name,
            spec=spec,
            base=f"{base['name']} ({base['unpacked']})" if base["unpacked"] else base["name"],
            base_id="BASE" if base["unpacked"] else base["hub"] or "BASE",
            licence=licence,
            data=data,
            profile=profile,
            record=record,
            card=card,
            adapter=adapter,
            one_by_one=adapter and misreads_padding(spec, task, str(card.get("model_type"))),
            auto_class=task.auto_class,
            is_generative=task.is_generative,
            asks=_asks(spec) if task.is_causal else "",
            kind=kind,
            scores=_scores(metrics),
            baselines=_baselines(metrics),
            intervals=bool((metrics or {}).get("intervals")),
            yaml=dump_tree(_tree(spec)),
        )
    return f"---\n{_metadata(run, spec, task, metrics, base, licence, adapter)}\n---\n\n{body}"


def _metadata(
    run: RunFolder, spec: RunSpec, task: Task, metrics: Evaluation, base: dict[str, str],
    licence: str, adapter: bool,
) -> str:  # fmt: skip
    from huggingface_hub import EvalResult, ModelCardData

    hub_task = task.hub_task or task.name
    scores = {
        name: value
        for name, value in (metrics.get("metrics") or {}).items()
        if name in (*task.leading, "loss") and isinstance(value, int | float)
    }
    known = licence.lower().replace(" ", "-")
    is_known = known in _HUB_LICENCES
    on_hub = spec.data.source.partition(":")[0]
    facts = ModelCardData(
        language=_languages(base),
        license=(known if is_known else "other") if licence else None,
        license_name=None if is_known or not licence else licence,
        library_name="peft" if adapter else "transformers",
        pipeline_tag=hub_task,
        base_model=base["hub"] or None,
        datasets=[on_hub] if _HUB_ID.fullmatch(on_hub) and not Path(on_hub).exists() else None,
        tags=["model-workbench", *([spec.adapter.peft_method] if adapter else [])],
        model_name=run.name,
        eval_results=[
            EvalResult(
                task_type=hub_task,
                dataset_type=_shown(spec.data.source),
                dataset_name=_shown(spec.data.source),
                dataset_split=str(metrics.get("split", "validation")),
                metric_type=name,
                metric_value=value,
            )
            for name, value in scores.items()
        ],
    )
    return facts.to_yaml()


def base_of(spec: RunSpec) -> dict[str, str]:
    """Return what the model was made from: for the reader, on the hub, and under which licence.

    `unpacked` says of what, where its weights are not those that the hub has.
    """
    source = spec.model.source
    entry = next((one for one in entries("model") if one.source == source), None)
    if entry is not None:
        return {
            "name": entry.origin or source, "hub": entry.origin, "licence": entry.licence,
            "language": entry.language,
            "unpacked": translate("from 4-bit weights") if entry.layout else "",
        }  # fmt: skip
    place, gguf = split_gguf(source)
    if gguf:
        hub = place if _HUB_ID.fullmatch(place) and not Path(place).exists() else ""
        return {"name": hub or gguf, "hub": hub, "licence": "", "language": "", "unpacked": gguf}
    hub = source if _HUB_ID.fullmatch(source) and not Path(source).exists() else ""
    return {
        "name": hub or _shown(source),
        "hub": hub,
        "licence": "",
        "language": "",
        "unpacked": "",
    }


def misreads_padding(spec: RunSpec, task: Task, model_type: str) -> bool:
    """Say whether peft alone answers a padded batch otherwise than its rows one by one.

    Classifiers made of decoders read their answer at the last token that is not padding. Behind
    learned tokens they are given embeddings, among which transformers sees no padding.
    """
    from transformers.models.auto import modeling_auto

    prompted = spec.adapter.peft_method == "prompt_tuning"
    decodes = model_type in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    encodes = model_type in modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    return prompted and task.reads_one_place and decodes and not encodes


def _data(spec: RunSpec) -> dict[str, str]:
    source = spec.data.source
    entry = next((one for one in entries("data") if one.source == source), None)
    if entry is None:
        return {"name": _shown(source), "licence": ""}
    return {"name": f"{_shown(source)}: {entry.origin}", "licence": entry.licence}


def _asks(spec: RunSpec) -> str:
    """Return the calls that put texts into the prompt template, as Python writes them."""
    places = re.findall(r"\{(source|context|question)\}", spec.data.prompt_template)
    return "".join(
        f'.replace("{{{one}}}", {f"{spec.data.prefix}YOUR {one.upper()}"!r})'
        for one in dict.fromkeys(places)
    )


def _languages(base: dict[str, str]) -> list[str] | None:
    found = [one.strip() for one in base["language"].split(",") if one.strip()]
    return found or None


def _shown(source: str) -> str:
    """Return a source without the folders above it, which are this machine's affair."""
    path = expanded(source)
    return path.name if path.exists() or path.is_absolute() else source


def _tree(spec: RunSpec) -> dict[str, Any]:
    """Return what the spec changes of the defaults, without folders of this machine."""
    tree: dict[str, Any] = {"task": spec.task}
    for name, value in changes(spec).items():
        field = find(name)
        if field is None or not field.section or field.section == "output" or name == "replay":
            continue
        shown = _shown(value) if field.path in ("data.source", "model.source") else value
        tree.setdefault(field.section, {})[field.path.rpartition(".")[2]] = shown
    return tree


def _scores(metrics: Evaluation) -> list[tuple[str, list[str]]]:
    """Return each metric that was measured, with the values of the model and its rivals."""
    from ..reporting.page import score_rows

    rows = score_rows(metrics) if metrics else []
    return [(name, values) for name, values in rows if any(value != "–" for value in values)]


def _baselines(metrics: Evaluation) -> list[str]:
    from ..reporting.page import score_columns

    return score_columns(metrics)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def cell(value: Any) -> str:
    """Return text from data so that a table of Markdown shows it and nothing is made of it."""
    flat = " ".join(str(value).split())
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", flat)


@cache
def _template() -> jinja2.Template:
    folder = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    environment.filters["cell"] = cell
    environment.filters["python"] = repr
    return environment.get_template("card.md.j2")
