"""The domain of a field: one description for slider, cell, validation and search space."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, PydanticKnownError, core_schema

from ..language import text


def refusal(code: str, remedy: str) -> PydanticCustomError:
    """Return the error by which pydantic refuses a value, with the code of the fault."""
    return PydanticCustomError("domain", "{remedy}", {"remedy": remedy, "code": code})


@dataclass(frozen=True)
class Domain:
    """What a field may hold, in what unit, and one line of help.

    `low` and `high` are inclusive. `log` says that steps are ratios: a slider moves evenly over
    the logarithm. `choices` lists the only values allowed. `unit` is empty for plain numbers.
    """

    help: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    step: float | None = None
    choices: tuple[Any, ...] = ()
    unit: str = ""

    def fault(self, value: Any) -> str:
        """Return what would mend a `value` outside the domain, or an empty string."""
        return self.refuse(value)[1]

    def refuse(self, value: Any) -> tuple[str, str]:
        """Return the code of the fault and what would mend it; both empty where `value` fits."""
        if value is None:
            return "", ""
        if isinstance(value, float) and not isfinite(value):
            return "not_finite", text("spec.finite")
        if self.choices and value not in self.choices:
            return "no_such_choice", text("spec.one_of", choices=", ".join(map(str, self.choices)))
        if self.low is not None and value < self.low:
            return "too_small", text("spec.at_least", limit=f"{self.low:g}{self._unit()}")
        if self.high is not None and value > self.high:
            return "too_large", text("spec.at_most", limit=f"{self.high:g}{self._unit()}")
        return "", ""

    def describe(self) -> str:
        """Return the range in words, empty where anything goes."""
        if self.choices:
            return " | ".join(map(str, self.choices))
        if self.low is None or self.high is None:
            return self.unit
        scale = ", log scale" if self.log else ""
        return f"{self.low:g} to {self.high:g}{self._unit()}{scale}"

    @property
    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest value, of a domain that has both."""
        if self.low is None or self.high is None:
            raise ValueError(f"no bounds: {self.help}")
        return self.low, self.high

    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Let pydantic check the domain wherever the field is validated."""
        types = get_args(source) or (source,)

        def check(value: Any, validate: core_schema.ValidatorFunctionWrapHandler) -> Any:
            # pydantic would read true as 1.
            if isinstance(value, bool) and bool not in types:
                if int in types:
                    raise PydanticKnownError("int_type")
                if float in types:
                    raise PydanticKnownError("float_type")
            value = validate(value)
            code, remedy = self.refuse(value)
            if code:
                raise refusal(code, remedy)
            return value

        return core_schema.no_info_wrap_validator_function(check, handler(source))
