from drivers.protocols import FrameSource
from drivers.registry import SourceConfig


class Config(SourceConfig):
    kind = "folder"


def build(config: Config) -> FrameSource:
    raise NotImplementedError
