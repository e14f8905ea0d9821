"""The URL of a database: what of it may stand in a run, and the engine that it names.

A source is written into the spec, the profile and the report of every run. So all of a URL must be
known to be harmless; whatever else it holds, such as a password, comes from the environment.
"""

from __future__ import annotations

import os
import re
from typing import Any

from ..errors import SourceError, shorten

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_NAME = re.compile(r"[\w.@+ -]{0,64}")
_PLACE = re.compile(r"[\w.,:$ /\[\]{}-]*")
# What a URL may say besides user, host and database, and in which form.
_HARMLESS = {
    "application_name", "charset", "client_encoding", "collation", "connect_timeout", "dialect",
    "driver", "encoding", "encrypt", "gssencmode", "host", "port", "read_timeout", "schema",
    "sslmode", "ssl_mode", "target_session_attrs", "timeout", "trustservercertificate",
    "unix_socket", "use_unicode", "user", "write_timeout",
}  # fmt: skip
_SETTING = re.compile(r"[\w.,:/ +{}-]{0,100}")


def parse(url: str) -> Any:
    """Return a URL with its variables as they are written.

    Raises:
        SourceError: it is none, or holds what might be a secret.
    """
    import sqlalchemy

    try:
        written = sqlalchemy.make_url(url)
        on_file = written.get_backend_name() in ("sqlite", "duckdb")
    except (sqlalchemy.exc.ArgumentError, ValueError):
        # What it says may be a part of a password.
        raise SourceError(
            "{database} is not a database URL",
            "write it as driver://user:${{PASSWORD}}@host:port/database",
            database=scheme(url),
        ) from None
    hidden = sorted(n for n, v in written.query.items() if not _is_harmless(n, v))
    secret = written.password and not is_variable(written.password)
    names = (written.username or "", _NAME), (written.host or "", _PLACE)
    odd = any(not form.fullmatch(_VARIABLE.sub("", text)) for text, form in names)
    odd = odd or not (on_file or _PLACE.fullmatch(_VARIABLE.sub("", written.database or "")))
    if secret or hidden or odd:
        shown = written.update_query_dict(dict.fromkeys(hidden, "hidden"))
        raise SourceError(
            "the URL {url} holds a password, which would be written into every run"
            if secret and not hidden
            else "the URL {url} holds what may be a password, which would be written into every "
            "run",
            "write ${{NAME}} in its place, and set the environment variable NAME",
            url=scheme(url) if odd else shown.render_as_string(),
        )
    return written


def fill(url: str) -> Any:
    """Return a URL with the values of the environment in the place of its variables.

    Raises:
        SourceError: one is not set, or the whole is no URL any more.
    """
    import sqlalchemy

    try:
        return sqlalchemy.make_url(_VARIABLE.sub(_from_environment, url))
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise SourceError(
            "{database} is no URL of a database once its variables are filled in",
            "check the environment variables that it names",
            database=scheme(url),
        ) from None


def scheme(url: str) -> str:
    """Return the part of a URL that may be shown."""
    return f"{shorten(url.partition('://')[0], 40)}://…"


def is_variable(value: Any) -> bool:
    """Say whether a value is a name of the environment, and nothing else."""
    return _VARIABLE.fullmatch(str(value)) is not None


def _is_harmless(name: str, value: Any) -> bool:
    values = value if isinstance(value, tuple) else (value,)
    known = name.lower() in _HARMLESS
    return all(is_variable(one) or (known and _SETTING.fullmatch(one)) for one in values)


def _from_environment(match: re.Match[str]) -> str:
    from urllib.parse import quote

    if match[1] not in os.environ:
        raise SourceError(
            "the environment variable {name} is not set", "set it, and try again", name=match[1]
        )
    return quote(os.environ[match[1]], safe="")
