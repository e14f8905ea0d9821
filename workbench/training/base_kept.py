"""Whether the model that a run began with is still where it was, and still that one."""

from __future__ import annotations

from ..errors import InputError, RunError
from ..language import translate
from ..models.bases import fingerprint
from ..models.folder import weight_files
from ..runs import RunFolder
from ..runs.commands import quoted
from ..runs.telling import tell
from ..sources import FoundModel
from .prepare import Prepared

RECORDED = "model_fingerprint"


def noted(found: FoundModel) -> dict[str, str]:
    """Return what a run's record says of its base model; a revision pins what was fetched."""
    local = found.kind == "local" and found.pretrained
    return {RECORDED: fingerprint(found.whole or found.path)} if local else {}


def require_same_base(run: RunFolder, prepared: Prepared) -> None:
    """Refuse to go on with a run from another model than it began with.

    Raises:
        RunError: naming the model.
    """
    before = run.record().get(RECORDED)
    if before and noted(prepared.found).get(RECORDED) != before:
        raise RunError(
            "the model of {run} has changed since it began: {source}",
            "bring it back, or start a new run: workbench train {spec}",
            run=run.name,
            source=prepared.spec.model.source,
            spec=quoted(run.spec_path),
        )


def base_is_there(run: RunFolder, prepared: Prepared) -> bool:
    """Say whether the model is still what the run began with.

    What was learned does not need it; only what compares with the model before does.
    """
    found = prepared.found
    try:
        if found.pretrained:
            weight_files(found.path)
        require_same_base(run, prepared)
    except (InputError, OSError):
        return False
    return True


def tell_base_gone(run: RunFolder, prepared: Prepared) -> None:
    """Say on stderr what a run lacks whose model was changed or removed meanwhile."""
    sentence = translate(
        "the model {source} was changed or removed while {run} trained; the run is kept, without "
        "what compares it with the model before",
        source=prepared.spec.model.source,
        run=run.name,
    )
    tell(sentence)
