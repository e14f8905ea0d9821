"""Data: reading files, finding columns, making splits, and the profile of what was found."""

from .columns import guess_columns
from .describe import describe_source
from .load import LoadedData, load_data, load_further
from .profile import DataProfile, profile_data
from .table import Detected, read_table

__all__ = [
    "DataProfile",
    "Detected",
    "LoadedData",
    "describe_source",
    "guess_columns",
    "load_data",
    "load_further",
    "profile_data",
    "read_table",
]
