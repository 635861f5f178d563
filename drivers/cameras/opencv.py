from drivers.protocols import FrameSource
from drivers.registry import SourceConfig


class Config(SourceConfig):
    kind = "opencv"


def build(config: Config) -> FrameSource:
    raise NotImplementedError
