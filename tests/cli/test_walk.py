"""`mfadesk walk` for real: processes, HTTP, the lab's file, the mailbox and the record."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from mfadesk.cli.walk_browser import Page
from tests.services import postgres

ROOT = Path(__file__).resolve().parents[2]


def _page(html: str) -> Page:
    return Page(httpx.Response(200, html=html, request=httpx.Request("GET", "http://localhost/cases/new")))


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_replaced_phone_road_is_whole_over_http_and_its_record_verifies():
    done = subprocess.run(
        [sys.executable, "-m", "mfadesk.cli.main", "walk", "--json"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    told = json.loads(done.stdout)
    assert told["ok"] is True, [step for step in told["steps"] if not step["ok"]]
    assert told["ledger_verified"] is True
    assert done.returncode == 0
    assert all(set(step) >= {"name", "ok", "seconds"} for step in told["steps"])
    assert told["steps"][-1]["name"] == "a record with one byte flipped is refused"


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(240)
def test_the_road_is_whole_on_postgresql_with_a_database_role_for_each_process():
    with postgres.running() as server:
        url = server.url("postgres")
        done = subprocess.run(
            [sys.executable, "-m", "mfadesk.cli.main", "walk", "--json", "--database", url],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        told = json.loads(done.stdout)
        assert told["ok"] is True, [step for step in told["steps"] if not step["ok"]]
        left = server.run("SELECT datname FROM pg_database WHERE datname LIKE 'mfadesk%'")
        assert left + server.run("SELECT rolname FROM pg_roles WHERE rolname LIKE 'mfadesk%'") == []


def test_a_walk_of_an_unknown_provider_is_wrong_use():
    done = subprocess.run(
        [sys.executable, "-m", "mfadesk.cli.main", "walk", "--provider", "nobody"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "lab" in done.stderr


def test_a_form_is_read_with_its_hidden_fields_and_the_words_of_its_choices():
    page = _page(
        '<main><form action="/cases"><input type="hidden" name="q" value="h">'
        '<label><input type="radio" name="person_id" value="p1"> <span>Hazel <small>Nurse</small></span></label>'
        '<button name="answer" value="yes">Yes</button></form></main>'
    )
    form = page.form("/cases")
    assert form.fields == {"q": "h"}
    assert form.choices == {"person_id": [("p1", "Hazel Nurse")], "answer": [("yes", "Yes")]}


def test_a_failed_step_repeats_the_problem_that_the_page_shows():
    page = _page('<main><section class="summary"><h2>There is a problem</h2><p>That code did not work.</p></section></main>')
    assert "That code did not work." in page.says()
