"""To the hub: a repository is made and a folder uploaded; only ever because somebody asked."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import InputError, shorten
from ..sources._hub_errors import reason_of
from ..sources._hub_limits import limit_waiting

_REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)


def require_repository(name: str) -> None:
    """Refuse what is no name of a repository, and a missing token, before any work is done.

    Raises:
        InputError: naming what to give.
    """
    from huggingface_hub import constants, get_token

    if not _REPOSITORY.fullmatch(name):
        raise InputError(
            "{name!r} is not a repository", "write --push USER/NAME", name=shorten(name)
        )
    if constants.HF_HUB_OFFLINE:
        raise InputError("HF_HUB_OFFLINE is set, so nothing can be pushed", "unset it")
    if not get_token():
        raise InputError(
            "pushing needs a token with the right to write",
            "make one at {endpoint}/settings/tokens and set HF_TOKEN to it",
            endpoint=constants.ENDPOINT,
        )


def push(folder: Path, name: str, public: bool = False) -> str:
    """Upload a folder to the repository `name` on the hub, private unless told otherwise.

    Returns its address.

    Raises:
        InputError: the hub cannot be reached, or refuses.
    """
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError, HTTPError
    from huggingface_hub.utils import disable_progress_bars, enable_progress_bars

    require_repository(name)
    api = HfApi()
    limit_waiting()
    disable_progress_bars()
    try:
        api.create_repo(name, private=not public, exist_ok=True)
        api.upload_folder(
            repo_id=name, folder_path=folder, commit_message="Model trained with the workbench"
        )
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        raise InputError(
            "{endpoint} refused to take {name} ({status})",
            "check that HF_TOKEN may write there",
            endpoint=constants.ENDPOINT,
            name=name,
            status=status,
        ) from error
    except (HTTPError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            "cannot reach {endpoint} ({reason})",
            "check the network; what was to be pushed is in {folder}",
            endpoint=constants.ENDPOINT,
            reason=reason_of(error),
            folder=folder,
        ) from error
    finally:
        enable_progress_bars()
    return f"{constants.ENDPOINT}/{name}"
