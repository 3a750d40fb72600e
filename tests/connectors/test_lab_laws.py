"""The common laws against the lab provider, in memory with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mfadesk.connectors.lab.faults import Fault
from mfadesk.connectors.lab.provider import open_lab
from mfadesk.kernel.clock import FakeClock
from mfadesk.kernel.ids import SeededRandomness
from tests.connectors.laws import ProviderLaws


class LabHouse:
    origin = "http://localhost:8000"

    def __init__(self) -> None:
        self.clock = FakeClock(datetime(2026, 11, 24, 14, 0, tzinfo=UTC))
        self.provider = open_lab(clock=self.clock, randomness=SeededRandomness(7), origins=(self.origin,))
        self._count = 0

    def fresh_login(self) -> str:
        self._count += 1
        login = f"person{self._count}"
        self.provider.scene.add_account(login)
        return login

    def break_next(self, fault: str) -> None:
        self.provider.scene.inject(Fault(fault))


@pytest.fixture
def house() -> Iterator[LabHouse]:
    house = LabHouse()
    yield house
    house.provider.close()


class TestLab(ProviderLaws):
    """Every law, against the lab."""
