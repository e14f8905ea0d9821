"""What can go wrong between us and the hub, each in one line with its remedy."""

from __future__ import annotations

import errno
import json
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from ..errors import SourceError, shorten
from ..language import translate
from .catalogue import entries


@contextmanager
def readable(text: str, kind: str, revision: str | None) -> Iterator[None]:
    """Turn the errors of `huggingface_hub` and `datasets` into `SourceError`.

    `kind` is `model` or `dataset`, as the hub calls them.
    """
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        known = _explain(error, text, kind, revision)
        if known is None:
            raise
        raise known from error


def _explain(
    error: BaseException, text: str, kind: str, revision: str | None
) -> SourceError | None:
    """Return the readable form of an error, or none when it is a fault of ours."""
    causes = list(_causes(error))
    return (
        (_explain_choice(error, text) if kind == "dataset" else None)
        or _explain_refusal(causes, text, kind, revision)
        or _explain_absence(causes, text, kind)
        or (_explain_files(error, causes, text) if kind == "dataset" else None)
        or _explain_nonsense(causes, text, kind)
    )


def _explain_refusal(
    causes: list[BaseException], text: str, kind: str, revision: str | None
) -> SourceError | None:
    """Explain an answer of the hub that is a no."""
    from huggingface_hub import constants, errors

    endpoint, repo = constants.ENDPOINT, text.partition(":")[0]
    if _first(causes, errors.GatedRepoError):
        folder = "datasets/" if kind == "dataset" else ""
        return SourceError(
            "the hub's {kind} {repo!r} is gated: its owner gives access on request",
            "accept its terms at {endpoint}/{folder}{repo}, then set HF_TOKEN to your token",
            kind=_noun(kind),
            repo=repo,
            endpoint=endpoint,
            folder=folder,
        )
    if _first(causes, errors.RevisionNotFoundError):
        return SourceError(
            "the hub's {kind} {repo!r} has no revision {revision!r}",
            "give a branch, tag or commit of it, or leave the revision out",
            kind=_noun(kind),
            repo=repo,
            revision=shorten(revision),
        )
    refusals = [cause for cause in causes if not isinstance(cause, errors.EntryNotFoundError)]
    answer = _first(refusals, errors.HfHubHTTPError)
    status = answer.response.status_code if isinstance(answer, errors.HfHubHTTPError) else 0
    if status == 404 or _first(causes, errors.RepositoryNotFoundError, errors.HFValidationError):
        return SourceError(
            "there is no file or folder {repo!r} here, and no such {kind} on {endpoint}",
            "check the spelling, set HF_TOKEN if it is private, or use {builtin}",
            repo=shorten(repo),
            kind=_noun(kind),
            endpoint=endpoint,
            builtin=_builtin(repo, kind),
        )
    if status:
        return SourceError(
            "{endpoint} answered {status} for the {kind} {repo!r}",
            "try again later, set HF_ENDPOINT to a mirror of the hub, or use {builtin}",
            endpoint=endpoint,
            status=status,
            kind=_noun(kind),
            repo=repo,
            builtin=_builtin(repo, kind),
        )
    return None


def _explain_absence(causes: list[BaseException], text: str, kind: str) -> SourceError | None:
    """Explain why something is neither in the cache nor can be fetched."""
    from huggingface_hub import constants, errors

    builtin = _builtin(text.partition(":")[0], kind)
    network = _first(causes, errors.HTTPError, errors.RevisionResolutionError, ConnectionError)
    if constants.HF_HUB_OFFLINE and (network or _first(causes, FileNotFoundError)):
        return SourceError(
            "the hub's {kind} {text!r} is not in the local cache, and HF_HUB_OFFLINE is set",
            "unset HF_HUB_OFFLINE and connect once to fetch it, or use {builtin}",
            kind=_noun(kind),
            text=shorten(text),
            builtin=builtin,
        )
    if network:
        reason = shorten(_first(causes, errors.HTTPError) or network)
        return SourceError(
            "cannot reach {endpoint} for the {kind} {text!r} ({reason})",
            "check the network, set HF_ENDPOINT to a mirror of the hub, or use {builtin}",
            endpoint=constants.ENDPOINT,
            kind=_noun(kind),
            text=shorten(text),
            reason=reason,
            builtin=builtin,
        )
    if any(
        isinstance(cause, OSError)
        and (cause.errno == errno.ENOSPC or "Not enough disk space" in str(cause))
        for cause in causes
    ):
        return SourceError(
            "the disk is full: no room for the {kind} {text!r} in {folder}",
            "free some space, or set HF_HOME to a folder on another disk",
            kind=_noun(kind),
            text=shorten(text),
            folder=constants.HF_HOME,
        )
    return None


def _explain_nonsense(causes: list[BaseException], text: str, kind: str) -> SourceError | None:
    """Explain an answer that is none of the hub's: a page to log in, or another kind of JSON."""
    from huggingface_hub import constants

    if not any(map(_is_nonsense, causes)):
        return None
    return SourceError(
        "{endpoint} answered for the {kind} {text!r} with something that the hub does not say, as "
        "a page to log in to a network is",
        "open it in a browser, set HF_ENDPOINT to a mirror of the hub, or use {builtin}",
        endpoint=constants.ENDPOINT,
        kind=_noun(kind),
        text=shorten(text),
        builtin=_builtin(text.partition(":")[0], kind),
    )


def reason_of(error: BaseException) -> str:
    """Return in a few words why the hub could not be asked."""
    if isinstance(error, ValueError | LookupError | TypeError | AttributeError):
        return translate("its answer is none of a hub")
    return shorten(error)


def _is_nonsense(error: BaseException) -> bool:
    """Say whether an error arose where the hub's own library reads an answer."""
    if isinstance(error, json.JSONDecodeError):
        return True
    if not isinstance(error, LookupError | TypeError | AttributeError | ValueError):
        return False
    frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    return bool(frames) and "huggingface_hub" in Path(frames[-1]).parts


def _explain_choice(error: BaseException, text: str) -> SourceError | None:
    """Explain that the repository is there, but not the subset, or that it runs code."""
    repo, _, subset = text.partition(":")
    message = str(error)
    if isinstance(error, RuntimeError) and "scripts are no longer supported" in message:
        return SourceError(
            "the hub's dataset {repo!r} needs a loading script, which could run any code",
            "choose a repository that holds parquet, csv or json files",
            repo=repo,
        )
    if isinstance(error, ValueError) and ("BuilderConfig" in message or "Config name" in message):
        listed = re.search(r"\[(.*?)\]", message, re.DOTALL)
        names = re.findall(r"'([^']+)'", listed.group(1)) if listed else []
        near = get_close_matches(subset, names, n=1) if subset else []
        choices = ", ".join(f"{repo}:{n}" for n in (near or names[:8]) if n != "default")
        return SourceError(
            "the hub's dataset {repo!r} has no subset {subset!r}"
            if subset
            else "the hub's dataset {repo!r} has several subsets",
            "choose {choices}",
            repo=repo,
            subset=shorten(subset),
            choices=choices or repo,
        )
    return None


def _explain_files(
    error: BaseException, causes: list[BaseException], text: str
) -> SourceError | None:
    """Explain that the repository was reached, but its files are no tables."""
    from datasets import exceptions

    if isinstance(error, FileNotFoundError):  # its own kinds of it, not all of them public
        return SourceError(
            "the hub's dataset {text!r} holds no data files that can be read",
            "choose a repository that holds parquet, csv or json files",
            text=shorten(text),
        )
    if _first(causes, exceptions.DatasetsError):
        reason = next((line for line in str(causes[-1]).splitlines() if line.strip()), "")
        return SourceError(
            "the files of the hub's dataset {text!r} cannot be read ({reason})",
            "download them, correct them, and give their path",
            text=shorten(text),
            reason=shorten(reason),
        )
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all that led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _first(causes: list[BaseException], *types: type[BaseException]) -> BaseException | None:
    return next((cause for cause in causes if isinstance(cause, types)), None)


def _noun(kind: str) -> str:
    return translate("model") if kind == "model" else translate("dataset")


def _builtin(repo: str, kind: str) -> str:
    """Name the entry of the catalogue most like `repo`, else its first."""
    names = [entry.name for entry in entries("model" if kind == "model" else "data")]
    near = get_close_matches(repo.rpartition("/")[2].lower(), names, n=1, cutoff=0.5)
    return f"wheel:{(near or names)[0]}"
