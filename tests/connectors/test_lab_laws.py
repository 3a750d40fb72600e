"""The common laws against the lab provider, in memory with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mfadesk.connectors.lab.faults import Fault
from mfadesk.connectors.lab.provider import LabProvider, open_lab
from mfadesk.kernel.clock import FakeClock
from mfadesk.kernel.ids import SeededRandomness
from tests.connectors.laws import ProviderLaws
from tests.connectors.laws_raced import RacedLaws


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

    def rivals(self) -> tuple[LabProvider, LabProvider]:
        return self.provider, self.provider


@pytest.fixture
def house() -> Iterator[LabHouse]:
    house = LabHouse()
    yield house
    house.provider.close()


class TestLab(ProviderLaws):
    """Every law, against the lab."""


class LabOnDisk(LabHouse):
    """The lab in a file, which two processes open."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.provider.close()
        self._pair = tuple(
            open_lab(folder / "lab.sqlite3", seed_key=bytes(32), clock=self.clock, origins=(self.origin,)) for _ in "ab"
        )
        self.provider = self._pair[0]

    def rivals(self) -> tuple[LabProvider, LabProvider]:
        return self._pair

    def close(self) -> None:
        for each in self._pair:
            each.close()


class TestLabOnDisk(RacedLaws):
    """Two at once, as two processes are."""

    @pytest.fixture
    def house(self, tmp_path: Path) -> Iterator[LabOnDisk]:
        house = LabOnDisk(tmp_path)
        yield house
        house.close()
