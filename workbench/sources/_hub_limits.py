"""A hub that takes a question and never answers is given up after a while.

`huggingface_hub` sets no limit on most of its requests.
"""

from __future__ import annotations

from typing import Any

# So long may each part of an exchange take: connecting, and the wait for the next bytes.
SILENT_SECONDS = 10.0
# An upload is answered when the hub has made a commit of it.
UPLOAD_FACTOR = 12


def limit_waiting() -> None:
    """Give every request to the hub from now on a limit, unless it has one."""
    from huggingface_hub.utils import get_session

    client = get_session()
    hooks = client.event_hooks
    if _limited not in hooks["request"]:
        client.event_hooks = hooks | {"request": [*hooks["request"], _limited]}


def _limited(request: Any) -> None:
    most = SILENT_SECONDS * (1 if request.method in ("GET", "HEAD") else UPLOAD_FACTOR)
    limits = request.extensions.get("timeout") or dict.fromkeys(("connect", "read", "write"))
    request.extensions["timeout"] = {
        name: most if seconds is None else seconds for name, seconds in limits.items()
    }
