"""What happened in a shift, told to a person, in the order of time."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Timeline:
    """Keeps nothing unless `wanted`: a million items would tell a lot."""

    wanted: bool = False
    lines: list[tuple[int, str, str]] = field(default_factory=list)
    """When (microseconds), who, what."""

    def tell(self, at_us: int, who: str, what: str) -> None:
        if self.wanted:
            self.lines.append((at_us, who, what))

    def text(self) -> str:
        """One line each: seconds, who, what."""
        return "\n".join(
            f"{at_us / 1e6:12.6f}  {who:8}  {what}"
            for at_us, who, what in sorted(self.lines, key=lambda line: line[0])
        )
