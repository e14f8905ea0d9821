"""Export: a finished run's model as a folder, merged, as ONNX, as a script of
plain transformers, or only its card; and to the hub.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError, RunError, disk_is_full, shorten
from ..models.adapters import CONFIG, is_adapter
from ..models.bases import FILE as BASE
from ..models.bases import base_record, name_for_peft, read_record, without_paths, write_record
from ..models.trimmed import read_trimmed
from ..runs import RunFolder, follow_umask, write_json
from ..sources import find_model
from .card import model_card_text

KINDS = ("folder", "merged", "onnx", "script", "card")

# Only what belongs to a model leaves the run: neither rows of the data nor paths of this machine.
_MODEL_FILES = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja")


@dataclass(frozen=True)
class Exported:
    """What was written: the folder, its files, and for `merged` and `onnx` the check of numbers.

    `largest_difference` is that between the outputs before and after, of a script that of the
    first loss as a share of it, None where nothing was computed anew. `notes` say what a script
    does not do of the run.
    """

    kind: str
    path: Path
    files: list[str]
    largest_difference: float | None = None
    notes: list[str] = field(default_factory=list)


def export_run(run: RunFolder, kind: str, out: Path | None = None) -> Exported:
    """Write a run's model to `out`, by default `export/KIND` in the run's folder.

    `folder` is the model as it was trained: of a run with an adapter, the adapter. `merged` is a
    whole model with the adapter in its weights. `onnx` is one graph, checked against torch.
    `script` is the training as plain transformers does it, with its rows. `card` is the README
    alone; the others have it, too.

    Raises:
        InputError: the run has no model, the kind does not fit it, or `out` is not empty.
    """
    if not run.model_path.is_dir():
        raise RunError(
            "the run {run} has no model to export", "let the training finish first", run=run.name
        )
    if kind == "folder" and read_trimmed(run.path) is not None and is_adapter(run.model_path):
        raise RunError(
            "the adapter of {run} was learned on a model with a trimmed vocabulary, and with the "
            "whole model it would read other tokens",
            "export it with --to merged",
            run=run.name,
        )
    target = out or run.path / "export" / kind
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError("{path} is not empty", "name a new folder with --out", path=out)
    card = model_card_text(run, kind)
    temporary = target.with_name(f".{target.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        difference, notes = _write(run, kind, temporary)
        (temporary / "README.md").write_text(card, "utf-8")
        follow_umask(temporary)
        shutil.rmtree(target, ignore_errors=True)
        temporary.replace(target)
    except Exception as error:
        if not isinstance(error, OSError) and not disk_is_full(error):
            raise
        raise InputError(
            "cannot write {path} ({reason})",
            "choose another place",
            path=target,
            reason=getattr(error, "strerror", None) or shorten(error),
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Exported(kind, target, sorted(path.name for path in target.iterdir()), difference, notes)


def _write(run: RunFolder, kind: str, folder: Path) -> tuple[float | None, list[str]]:
    if kind == "card":
        return None, []
    if kind == "script":
        from .script import write_script

        return write_script(run, folder)
    if kind == "merged":
        from .merging import write_merged

        difference = write_merged(run, folder)
    elif kind == "onnx":
        from .graph import write_onnx

        difference = write_onnx(run, folder)
    else:
        difference = None
    weights = {"model.safetensors.index.json", CONFIG, BASE}
    for pattern in _MODEL_FILES:
        for file in run.model_path.glob(pattern):
            heavy = file.suffix == ".safetensors" or file.name in weights
            if kind == "folder" or not (heavy or (folder / file.name).exists()):
                shutil.copyfile(file, folder / file.name)
    if kind == "folder" and (folder / CONFIG).is_file():
        _name_base(folder, run)
    return difference, []


def _name_base(folder: Path, run: RunFolder) -> None:
    """Let an adapter name its base as others can find it, and not by a path of this machine."""
    model = run.spec().model
    record = read_record(folder) or base_record(find_model(model.source, model.revision))
    record = without_paths(record)
    write_record(record, folder)
    base, revision = name_for_peft(record)
    plain = json.loads((folder / CONFIG).read_text("utf-8"))
    write_json(folder / CONFIG, plain | {"base_model_name_or_path": base, "revision": revision})
