"""The document is true to the API, whatever is thrown at it; the page says the same, without a script."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mfadesk.api.document import document
from mfadesk.operations.answers import PROBLEM_TYPE as PROBLEM
from tests.api.conftest import BASE

HOSTILE = ["", "0", "-1", "1e308", "9" * 400, "null", "true", "[]", "{}", "%00", "\x00", "\r\nX: y", "../../etc/passwd", "' OR 1=1 --",
           "<script>", "ｃａｓｅ_0", "case_0\n", "case_" + "0" * 30, "\ud83d\ude00", "nan", "0x10", "１", "1_000", " 1", "2026-11-24"]  # fmt: skip
VALUES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60), st.integers(-(2**70), 2**70).map(str))


def test_the_document_is_openapi_3_1_and_every_reference_in_it_leads_somewhere(client):
    answer = client.get(f"{BASE}/openapi.json")
    told = answer.json()
    assert told["openapi"] == "3.1.0" and told == document()
    shapes = told["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/([^"]+)"', answer.content.decode())) <= set(shapes)
    for path, methods in told["paths"].items():
        assert path.startswith(BASE + "/")
        (told_of,) = methods.values()
        assert set(told_of["responses"]) == {"200", "401", "403", "404", "422", "429", "503"}
        assert told_of["description"] and all(one.get("description") for one in told_of["parameters"])


def test_the_document_names_neither_this_desk_nor_anybody(client):
    text = client.get(f"{BASE}/openapi.json").content.decode()
    assert "localhost" not in text and "Throwaway" not in text


@pytest.mark.slow
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_hostile_values_in_every_place_are_answered_and_never_break_anything(ask, replaced, data):
    from mfadesk.api.door import pace

    pace._counts.clear()
    case, _hazel = replaced
    path, methods = data.draw(st.sampled_from(sorted(document()["paths"].items())))
    operation = methods["get"]
    good = {"case_id": case, "runbook_id": "device-replacement", "index": "0", "first": "1"}
    query = []
    address = path.removeprefix(BASE)
    for one in operation["parameters"]:
        value = data.draw(st.one_of(VALUES, st.just(good.get(one["name"], "1"))), label=one["name"])
        text = quote(value.encode("utf-8", "surrogatepass"), safe="")
        if one["in"] == "path":
            address = address.replace("{" + one["name"] + "}", text)
        elif data.draw(st.booleans()):
            query += [f"{one['name']}={text}"] * data.draw(st.integers(1, 2))
    answer = ask(address + ("?" + "&".join(query) if query else ""))
    assert answer.status_code in {200, 301, 404, 422, 503}, (address, query, answer.content)
    if answer.status_code >= 400:
        assert answer["Content-Type"] == PROBLEM and answer.json()["status"] == answer.status_code
    elif answer.status_code == 200 and answer["Content-Type"].startswith("application/json"):
        shape = operation["responses"]["200"]["content"]["application/json"]["schema"]
        fits(answer.json(), shape)


def fits(value, shape):
    """Hold a value against the document's own shape: nothing missing, nothing more, every kind as told."""
    shapes = document()["components"]["schemas"]
    if "$ref" in shape:
        shape = shapes[shape["$ref"].rpartition("/")[2]]
    if "anyOf" in shape:
        assert any(is_a(value, one) for one in shape["anyOf"]), (value, shape)
        return
    assert is_a(value, shape), (value, shape)
    if "enum" in shape:
        assert value in shape["enum"]
    if shape.get("type") == "array":
        for item in value:
            fits(item, shape["items"])
    if "properties" in shape:
        assert set(value) == set(shape["properties"])
        for name, part in shape["properties"].items():
            fits(value[name], part)


def is_a(value, shape):
    kinds = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None), "number": float}
    return "type" not in shape or isinstance(value, kinds[shape["type"]])


def test_the_page_shows_every_operation_and_shape_without_a_script_or_a_sign_in(client):
    answer = client.get(f"{BASE}/")
    page = answer.content.decode()
    assert answer.status_code == 200 and not answer.cookies
    assert "<script" not in page and " style=" not in page and not re.search(r"\son[a-z]+=", page)
    assert "http://" not in page and "https://" not in page
    for path, methods in document()["paths"].items():
        assert f"GET {path}" in page and methods["get"]["security"][0]["Bearer"][0] in page
    for name in document()["components"]["schemas"]:
        assert f'id="shape-{name}"' in page
    targets, ids = set(re.findall(r'href="#([^"]+)"', page)), re.findall(r' id="([^"]+)"', page)
    assert targets <= set(ids) and len(ids) == len(set(ids))
