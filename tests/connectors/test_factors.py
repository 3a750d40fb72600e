"""The twins of factor services: found by name, bound to one check, answered once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mfadesk.connectors.factors import find_services
from mfadesk.connectors.lab.provider import LabProvider, open_lab
from mfadesk.connectors.registry import open_factor_services
from mfadesk.kernel.clock import FakeClock
from mfadesk.kernel.errors import Invalid, Unavailable
from mfadesk.kernel.ids import SeededRandomness
from mfadesk.kernel.secret import Secret
from mfadesk.ports.factors import FactorService, NotPassed, Passed

BINDING, OTHER = b"b" * 32, b"o" * 32
METHODS = sorted(find_services())


@pytest.fixture
def lab() -> LabProvider:
    lab = open_lab(clock=FakeClock(datetime(2026, 11, 24, tzinfo=UTC)), randomness=SeededRandomness(1))
    lab.scene.add_account("ada")
    return lab


@pytest.fixture(params=METHODS)
def service(request: pytest.FixtureRequest, lab: LabProvider) -> FactorService:
    return open_factor_services({"kind": "lab"}, SeededRandomness(2), lab.store)[request.param]


def answer(lab: LabProvider, service: FactorService, binding: bytes = BINDING) -> Secret:
    text = lab.scene.find_answer(service.method, "ada", binding)
    assert text
    return Secret(text)


def test_every_method_with_an_outside_service_has_a_file() -> None:
    assert (
        sorted(
            [
                "managed_device_signin",
                "endpoint_user_code",
                "push_code_transfer",
                "sms_code",
                "postal_code",
                "idv_gov_id",
                "vc_facecheck",
                "callback_on_file",
                "in_person_badge",
                "video_photo_on_file",
                "spare_key_pickup",
            ]
        )
        == METHODS
    )


def test_the_right_answer_passes_once(lab: LabProvider, service: FactorService) -> None:
    lab.scene.set_factor("ada", service.method)
    assert service.is_available("ada")
    assert service.begin("ada", BINDING)["method"] == service.method
    right = answer(lab, service)
    assert (service.method, right.reveal()) in lab.scene.list_open_checks("ada")
    assert isinstance(service.finish("ada", BINDING, right), Passed)
    assert isinstance(service.finish("ada", BINDING, right), NotPassed)
    assert lab.scene.list_open_checks("ada") == []


def test_a_wrong_answer_ends_the_check(lab: LabProvider, service: FactorService) -> None:
    lab.scene.set_factor("ada", service.method)
    service.begin("ada", BINDING)
    right = answer(lab, service)
    assert isinstance(service.finish("ada", BINDING, Secret("wrong")), NotPassed)
    assert isinstance(service.finish("ada", BINDING, right), NotPassed)
    service.begin("ada", BINDING)
    assert isinstance(service.finish("ada", BINDING, answer(lab, service)), Passed)


def test_an_answer_is_worth_nothing_in_another_case_or_for_another_person(lab: LabProvider, service: FactorService) -> None:
    lab.scene.add_account("eve")
    for login in ("ada", "eve"):
        lab.scene.set_factor(login, service.method)
    service.begin("ada", BINDING)
    service.begin("ada", OTHER)
    service.begin("eve", BINDING)
    right = answer(lab, service)
    assert isinstance(service.finish("ada", OTHER, right), NotPassed)
    assert isinstance(service.finish("eve", BINDING, right), NotPassed)
    assert isinstance(service.finish("ada", BINDING, right), Passed)


def test_who_cannot_use_a_method_cannot_begin_it(lab: LabProvider, service: FactorService) -> None:
    assert not service.is_available("ada")
    lab.scene.set_factor("ada", service.method, available=False)
    with pytest.raises(Unavailable):
        service.begin("ada", BINDING)
    assert isinstance(service.finish("ada", BINDING, Secret("")), NotPassed)


@pytest.mark.parametrize("text", ["", " ", "0", "000000"])
def test_a_service_that_says_no_says_no_to_everything(lab: LabProvider, service: FactorService, text: str) -> None:
    lab.scene.set_factor("ada", service.method, passes=False)
    service.begin("ada", BINDING)
    assert lab.scene.find_answer(service.method, "ada") is None
    assert isinstance(service.finish("ada", BINDING, Secret(text)), NotPassed)


def test_a_binding_has_32_bytes(service: FactorService, lab: LabProvider) -> None:
    lab.scene.set_factor("ada", service.method)
    with pytest.raises(Invalid):
        service.begin("ada", b"short")
