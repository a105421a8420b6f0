"""Level 3, pictures: Lambert's conformal conic projection, by which the sea coast looks as people know it.

The formulas for the sphere in J. P. Snyder, Map Projections: A Working Manual (USGS 1395), page 106.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import cos, log, pi, radians, sin, tan
from typing import Final

Point = tuple[float, float]

EARTH: Final = 6371.0  # mean radius in km


@dataclass(frozen=True)
class Lambert:
    """A projection with its two standard parallels, the origin (degrees), and the radius of the sphere."""

    first: float
    second: float
    latitude: float
    longitude: float
    radius: float = EARTH

    def __call__(self, longitude: float, latitude: float) -> Point:
        """Where a place lies: x to the east and y to the north of the origin, in the unit of the radius."""
        rho = self._rho(latitude)
        theta = self._n * radians(longitude - self.longitude)
        return rho * sin(theta), self._origin - rho * cos(theta)

    @cached_property
    def _n(self) -> float:
        one, two = radians(self.first), radians(self.second)
        return log(cos(one) / cos(two)) / log(_stretch(self.second) / _stretch(self.first))

    @cached_property
    def _factor(self) -> float:
        return float(cos(radians(self.first)) * _stretch(self.first) ** self._n / self._n)

    @cached_property
    def _origin(self) -> float:
        return self._rho(self.latitude)

    def _rho(self, latitude: float) -> float:
        return float(self.radius * self._factor / _stretch(max(-89.0, min(89.0, latitude))) ** self._n)


def _stretch(latitude: float) -> float:
    return tan(pi / 4 + radians(latitude) / 2)


# Parallels and origin of ETRS89 / LCC Germany (EPSG 5243); good from the Channel to the Baltic.
REGION: Final = Lambert(first=48 + 2 / 3, second=53 + 2 / 3, latitude=51, longitude=10.5)
