"""What a rung is worth here: the pictures it read that those before it did not, for its time."""

from dataclasses import dataclass

_KNOWN_CLIMBS = 200
"""The bench's figures count as much as this many pictures of the camera's own."""
_NEWEST = 0.1
"""Weight of the newest time in the running mean."""
_FIXED_US = 60
"""Of any rung, however small the picture."""


@dataclass(slots=True)
class Worth:
    """Begins with the bench's figures and goes on with the camera's."""

    gain_percent: float
    us_per_megapixel: float
    climbed: int = 0
    gained: int = 0

    def expected_us(self, pixels: int) -> float:
        """Time that the rung will probably take for a picture of so many pixels."""
        return _FIXED_US + self.us_per_megapixel * pixels / 1e6

    def learn(self, pixels: int, elapsed_us: int, *, gained: bool) -> None:
        """It was climbed once."""
        self.climbed += 1
        self.gained += gained
        newest = max(elapsed_us - _FIXED_US, 1) * 1e6 / pixels
        self.us_per_megapixel += _NEWEST * (newest - self.us_per_megapixel)

    @property
    def gain_per_us(self) -> float:
        """Part of the pictures that it reads, per microsecond of a megapixel."""
        expected = self.gain_percent / 100 * _KNOWN_CLIMBS + self.gained
        return expected / (_KNOWN_CLIMBS + self.climbed) / self.us_per_megapixel
