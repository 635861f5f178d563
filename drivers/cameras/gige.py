from drivers.protocols import FrameSource
from drivers.registry import SourceConfig


class Config(SourceConfig):
    kind = "gige"


def build(config: Config) -> FrameSource:
    raise NotImplementedError
