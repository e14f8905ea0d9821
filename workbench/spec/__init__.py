"""The spec: one typed description of a run, with four faces that turn into each other.

YAML (`to_yaml`, `from_yaml`), papermill parameters cell (`to_cell`, `from_cell`), flat mapping
for forms and `--set` (`to_flat`, `from_flat`), and Python (`RunSpec`).
"""

from .cell import from_cell, from_namespace, to_cell
from .cleaning import parse_step, split_steps, step_help
from .data import DataSpec
from .domain import Domain
from .faults import SpecError, build
from .fields import Field, field_of, fields, find
from .flat import changes, from_flat, to_flat
from .model import AdapterSpec, ModelSpec
from .recipes import (
    first_recipe,
    needs_gpu,
    offered_recipes,
    recipe_names,
    recipe_text,
    recipe_title,
)
from .run import EvaluateSpec, GenerateSpec, InspectSpec, OutputSpec, RunSpec
from .train import TrainSpec
from .yaml import dump_tree, find_spec, from_yaml, load, parse_tree, parse_value, to_yaml

__all__ = [
    "AdapterSpec",
    "DataSpec",
    "Domain",
    "EvaluateSpec",
    "Field",
    "GenerateSpec",
    "InspectSpec",
    "ModelSpec",
    "OutputSpec",
    "RunSpec",
    "SpecError",
    "TrainSpec",
    "build",
    "changes",
    "dump_tree",
    "field_of",
    "fields",
    "find",
    "find_spec",
    "first_recipe",
    "from_cell",
    "from_flat",
    "from_namespace",
    "from_yaml",
    "load",
    "needs_gpu",
    "offered_recipes",
    "parse_step",
    "parse_tree",
    "parse_value",
    "recipe_names",
    "recipe_text",
    "recipe_title",
    "split_steps",
    "step_help",
    "to_cell",
    "to_flat",
    "to_yaml",
]
