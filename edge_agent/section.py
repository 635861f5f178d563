"""What every section of a configuration has in common: unknown keys are errors."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return pattern


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Pattern = Annotated[str, AfterValidator(_compiles)]
"""A regular expression, as Python writes them."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
