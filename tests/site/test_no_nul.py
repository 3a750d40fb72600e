"""A NUL in an address, a search or a form is a bad request and never a fault."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("get", "/cases/new?q=a%00b", {}),
        ("get", "/cases/case_%00", {}),
        ("post", "/me/", {"code": "4NR\x007K4"}),
        ("post", "/sign-in/", {"login": "a\0", "password": "b"}),
    ],
)
def test_a_nul_is_refused_before_anything_reads_it(method, path, data):
    assert getattr(Client(), method)(path, data).status_code == 400


def test_the_same_without_it_is_taken_further():
    assert Client().post("/me/", {"code": "4NR7K4"}).status_code != 400
