"""`org/name`, for data also `org/name:subset`: a repository on the Hugging Face Hub.

For models also `org/name#file.gguf`: one GGUF file of a repository.

`huggingface_hub` and `datasets` do the work, and heed `HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and
`HF_HUB_OFFLINE`. What has been fetched once works offline.
"""

from __future__ import annotations

import glob
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import SourceError, shorten
from ..language import translate
from . import _gguf
from ._hub_errors import readable, reason_of
from ._hub_limits import SILENT_SECONDS, limit_waiting
from ._watch import growth
from .base import FoundData, FoundModel, Progress, Source
from .paths import PREFIXES, is_gguf, is_path, split_gguf

_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?(:[^:/\\]+)?", re.ASCII)
# Config, tokenizer, safetensors; code is fetched to be read, and runs only when it is trusted.
MODEL_FILES = (
    *("config.json", "generation_config.json", "README.md", "LICENSE*"),
    *("tokenizer*", "vocab*", "merges.txt", "*.model", "*.spm", "special_tokens_map.json"),
    *("added_tokens.json", "chat_template.*", "*.py"),
    *("model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors"),
)
_SUBFOLDERS = "*/*"


def claims(text: str) -> bool:
    """Say whether the text has the form of a hub id and is no path and no other source."""
    return (
        _ID.fullmatch(split_gguf(text)[0]) is not None
        and not is_path(text)
        and text.partition(":")[0] not in PREFIXES
    )


def data(text: str, revision: str | None = None, progress: Progress | None = None) -> FoundData:
    """Return the set's tables, by split, as `datasets` reads them.

    Raises:
        SourceError: there is no such set, subset or revision, it is gated, it needs a loading
            script, or the hub cannot be reached and the set is not in the local cache.
    """
    from huggingface_hub import HfApi, constants

    repo, _, subset = text.partition(":")
    with readable(text, "dataset", revision), _quiet_datasets():
        commit = HfApi().resolve_revision(repo, repo_type="dataset", revision=revision).resolved
        cache = Path(constants.HF_HUB_CACHE) / f"datasets--{repo.replace('/', '--')}"
        snapshot = cache / "snapshots" / commit
        with growth(cache, 0, translate("fetching {text} from the hub", text=text), progress):
            builder = _prepared(repo, subset, commit) or _prepare(repo, subset, commit, snapshot)
        tables = builder.as_dataset()
    info = builder.info
    about = {
        "title": repo,
        "rows": sum(len(table) for table in tables.values()),
        "size_bytes": info.dataset_size or 0,
        "licence": info.license or _card(snapshot).get("license", ""),
    }
    return FoundData(
        place=text,
        kind="hub",
        tables=dict(tables),
        revision=commit,
        about={name: value for name, value in about.items() if value},
    )


def model(text: str, revision: str | None = None, progress: Progress | None = None) -> FoundModel:
    """Return the folder of the model's snapshot: config, tokenizer and safetensors.

    Raises:
        SourceError: there is no such model or revision, it is gated, it has no safetensors, or
            the hub cannot be reached and the model is not in the local cache.
    """
    from huggingface_hub import HfApi, constants, snapshot_download

    if ":" in text:
        raise SourceError(
            "{text!r} is not a model: only data sets have subsets",
            "write {name}, and set model.revision to choose a branch or commit",
            text=shorten(text),
            name=text.partition(":")[0],
        )
    repo, gguf = split_gguf(text)
    if gguf:
        return _from_gguf(text, repo, gguf, revision, progress)
    with readable(text, "model", revision), _quiet_hub():
        api = HfApi()
        commit = api.resolve_revision(text, revision=revision).resolved
        cache = Path(constants.HF_HUB_CACHE) / f"models--{text.replace('/', '--')}"
        total = _size_of_model(api, text, commit, cache)
        with growth(cache, total, translate("fetching {text} from the hub", text=text), progress):
            path = Path(
                snapshot_download(
                    text,
                    revision=commit,
                    allow_patterns=list(MODEL_FILES),
                    ignore_patterns=[_SUBFOLDERS],
                )
            )
    return FoundModel(place=text, kind="hub", path=path, revision=commit, about={"title": text})


def _from_gguf(
    text: str, repo: str, file: str, revision: str | None, progress: Progress | None
) -> FoundModel:
    """Return the folder made from one GGUF file of a repository."""
    from huggingface_hub import HfApi, constants, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    with readable(repo, "model", revision), _quiet_hub():
        commit = HfApi().resolve_revision(repo, revision=revision).resolved
        cache = Path(constants.HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}"
        try:
            with growth(cache, 0, translate("fetching {text} from the hub", text=text), progress):
                path = Path(hf_hub_download(repo, file, revision=commit))
        except LocalEntryNotFoundError:
            raise
        except EntryNotFoundError:
            raise SourceError(
                "the hub's model {repo!r} has no file {file}",
                "look for its name on the repository's page, below Files",
                repo=repo,
                file=shorten(file),
            ) from None
    folder = _gguf.folder_of(path, f"{repo}@{commit}#{file}", progress, {"origin": repo})
    return FoundModel(place=text, kind="hub", path=folder, revision=commit, about={"title": text})


def search_models(
    words: str, language: str = "", licence: str = "", limit: int = 20
) -> list[dict[str, Any]]:
    """Return models of the hub that match, the most fetched first; only such with safetensors.

    Raises:
        SourceError: the hub cannot be reached.
    """
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError, HTTPError
    from huggingface_hub.utils import get_session

    wanted = ["safetensors", "transformers"]
    wanted += [language] * bool(language) + [f"license:{licence.lower()}"] * bool(licence)
    try:
        with _quiet_hub():
            # Without this, a hub out of reach is tried for half a minute.
            get_session().head(constants.ENDPOINT, timeout=SILENT_SECONDS)
            found = list(
                HfApi().list_models(search=words, filter=wanted, sort="downloads", limit=limit)
            )
    except (
        HTTPError, HfHubHTTPError, OSError, ValueError, LookupError, TypeError, AttributeError
    ) as error:  # fmt: skip
        offline = (
            translate("HF_HUB_OFFLINE is set") if constants.HF_HUB_OFFLINE else reason_of(error)
        )
        raise SourceError(
            "cannot reach {endpoint} to search it ({reason})",
            "check the network, set HF_ENDPOINT to a mirror of the hub, or choose from "
            "`workbench models list`",
            endpoint=constants.ENDPOINT,
            reason=offline,
        ) from error
    return [
        {
            "name": model.id,
            "downloads": model.downloads,
            "licence": next(
                (tag.partition(":")[2] for tag in model.tags or [] if tag.startswith("license:")),
                "",
            ),
            "gated": bool(model.gated),
        }
        for model in found
    ]


def _size_of_model(api: Any, repo: str, commit: str, cache: Path) -> int:
    """Return how many bytes are to be fetched, 0 when unknown; refuse pickled weights early."""
    from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled
    from huggingface_hub.utils import filter_repo_objects

    if (cache / "trees" / f"{commit}.json").is_file():
        return 0
    try:
        sizes = {
            item.path: item.size
            for item in api.list_repo_tree(repo, revision=commit)
            if hasattr(item, "size")
        }
    except HfHubHTTPError:
        raise
    except (OfflineModeIsEnabled, HTTPError):  # the cache may do
        return 0
    if not any(re.fullmatch(r"model(-.*)?\.safetensors", name) for name in sizes):
        if ggufs := sorted(filter(is_gguf, sizes)):
            raise SourceError(
                "the hub's model {repo!r} holds only GGUF files: {files}",
                "name one of them: {repo}#{first}",
                repo=repo,
                files=shorten(", ".join(ggufs), 300),
                first=ggufs[0],
            )
        pickled = [name for name in sizes if name.endswith((".bin", ".pt", ".pth"))]
        raise SourceError(
            "the hub's model {repo!r} has only pickled weights ({file})"
            if pickled
            else "the hub's model {repo!r} has no model.safetensors",
            "choose a repository with safetensors, such as google-bert/bert-base-uncased",
            repo=repo,
            file=next(iter(pickled), ""),
        )
    return sum(sizes[name] for name in filter_repo_objects(sizes, allow_patterns=list(MODEL_FILES)))


def _prepared(repo: str, subset: str, commit: str) -> Any:
    """Return what `datasets` made of this very commit before, or none; needs no network."""
    import datasets
    from datasets.naming import camelcase_to_snakecase
    from datasets.packaged_modules.cache.cache import Cache
    from huggingface_hub import constants

    owner, _, name = repo.rpartition("/")
    snake = camelcase_to_snakecase(name)
    folder = Path(datasets.config.HF_DATASETS_CACHE) / (f"{owner}___{snake}" if owner else snake)
    pattern = f"*/{commit}/dataset_info.json"
    found = list(folder.glob(f"{glob.escape(subset or 'default')}/{pattern}"))
    if not found and not subset and constants.HF_HUB_OFFLINE:
        found = list(folder.glob(f"*/{pattern}"))  # whatever its only subset is called
    if len(found) != 1:
        return None
    config, version = found[0].parts[-4:-2]
    return Cache(repo_id=repo, dataset_name=snake, config_name=config, version=version, hash=commit)


def _prepare(repo: str, subset: str, commit: str, snapshot: Path) -> Any:
    """Have `datasets` fetch the set and make tables of it; offline, from files copied here."""
    import datasets
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        if not snapshot.is_dir():
            raise FileNotFoundError(snapshot)
        builder = datasets.load_dataset_builder(str(snapshot), subset or None)
        if not any((builder.config.data_files or {}).values()):
            raise FileNotFoundError(snapshot)
    else:
        builder = datasets.load_dataset_builder(repo, subset or None, revision=commit)
        if re.fullmatch(r"[0-9a-f]{40}", str(builder.hash)) and builder.hash != commit:
            # Without a network, `datasets` offers any commit that it has.
            raise ConnectionError(f"only commit {builder.hash} is in the cache")
    builder.download_and_prepare()
    return builder


def _card(snapshot: Path) -> dict[str, Any]:
    """Return the facts at the head of the repository's README, if it is in the cache."""
    from huggingface_hub import RepoCard

    readme = snapshot / "README.md"
    try:
        return RepoCard.load(readme).data.to_dict() if readme.is_file() else {}
    except ValueError:
        return {}


@contextmanager
def _quiet_datasets() -> Iterator[None]:
    """Keep the bars and warnings of `datasets` to ourselves; progress is reported by growth."""
    import datasets

    level = datasets.logging.get_verbosity()
    bars = datasets.utils.logging.is_progress_bar_enabled()
    datasets.logging.set_verbosity(logging.CRITICAL)  # errors are raised as well as logged
    datasets.disable_progress_bars()
    try:
        with _quiet_hub():
            yield
    finally:
        datasets.logging.set_verbosity(level)
        if bars:
            datasets.enable_progress_bars()


@contextmanager
def _quiet_hub() -> Iterator[None]:
    from huggingface_hub.utils import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )
    from huggingface_hub.utils import logging as hub_logging

    level, silent = hub_logging.get_verbosity(), are_progress_bars_disabled()
    hub_logging.set_verbosity_error()
    disable_progress_bars()
    limit_waiting()
    try:
        yield
    finally:
        hub_logging.set_verbosity(level)
        if not silent:
            enable_progress_bars()


SOURCE = Source(kind="hub", claims=claims, data=data, model=model)
