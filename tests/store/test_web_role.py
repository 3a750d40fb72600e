"""The web tier under a database role of its own: it works, and PostgreSQL itself refuses it what is the executor's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from mfadesk.kernel.errors import Invalid
from mfadesk.store.grants import grants_for
from tests.services.postgres import running

ROOT = Path(__file__).resolve().parents[2]

AS_OWNER = """
import sys
from pathlib import Path
from mfadesk.cli.throwaway import set_up_django
home = set_up_django(Path(sys.argv[1]))
from mfadesk.cli.throwaway import open_throwaway
open_throwaway(home)
from mfadesk.store.models import ContactRow, PersonRow
PersonRow.objects.create(id="p_hazel", login="hazel", name="Hazel", search="hazel", tier="standard", job="", site="", employment="active")
from django.contrib.auth import get_user_model
from mfadesk.store.models import StaffMember
StaffMember.objects.create(user=get_user_model().objects.create(username="ash"), desk="Desk 1", roles=["operator"])
"""

AS_WEB = """
import os, sys
os.environ["MFADESK_HOME"] = sys.argv[1] + "/home"
os.environ["DJANGO_SETTINGS_MODULE"] = "mfadesk.site.settings"
import django
django.setup()
from pathlib import Path
from mfadesk.operations import codes, deadlines, sessions, staff
from mfadesk.operations.desk import open_desk
from mfadesk.operations.open_case import open_case
from mfadesk.store.home import load_home
from mfadesk.store.models import StaffMember
desk = open_desk(load_home(Path(sys.argv[1]) / "home"))
actor = staff.actor_of(StaffMember.objects.get().user)
case = open_case(desk, actor, "p_hazel", goal="replace_device")
cookie = sessions.redeem_code(desk, "192.0.2.1", codes.read_code(desk, case))
sessions.confirm(desk, sessions.find_session(desk, cookie), True)
deadlines.pass_deadlines(desk)
sessions.report(desk, sessions.find_session(desk, cookie))
print("worked")
"""

CHECK = """
import os, sys
os.environ["MFADESK_HOME"] = sys.argv[1] + "/home"
os.environ["DJANGO_SETTINGS_MODULE"] = "mfadesk.site.settings"
import django
django.setup()
from mfadesk.cli.findings_desk import database_role
class OfTheWebTier:
    def executor_keys(self):
        raise PermissionError
print([finding.level for finding in database_role(OfTheWebTier())])
"""

FORBIDDEN = [
    "UPDATE store_personrow SET tier = 'standard', manager_id = 'p_eve'",
    "INSERT INTO store_stafffact (seq, kind, at, body, mac) VALUES (1, 'invited', '', '{}', '')",
    "DELETE FROM store_stafffact",
    "UPDATE store_staffkey SET sign_count = 0",
    "DELETE FROM store_checkpoint",
    "UPDATE store_snapshot SET taken_at = now()",
    "UPDATE store_eventrow SET body = '{}'",
    "DELETE FROM store_eventrow",
    "DELETE FROM store_alert",
    "DELETE FROM store_report",
    "DROP TABLE store_alert",
]


@pytest.fixture(scope="module")
def divided(tmp_path_factory):
    """A desk on PostgreSQL whose web tier has a role of its own, and a way to run a program as one of the two."""
    with running() as server:
        owner = server.create_database("desk")
        folder = tmp_path_factory.mktemp("two-roles")

        def run(url: str, program: str) -> str:
            environment = {**os.environ, "MFADESK_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
            done = subprocess.run(
                [sys.executable, "-c", program, str(folder)], env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        run(owner, AS_OWNER)
        server.run("CREATE ROLE mfadesk_web LOGIN")
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(grants_for("mfadesk_web"))
        yield server, run


def test_the_web_tier_works_under_a_role_of_its_own(divided):
    server, run = divided
    assert run(server.url("desk", "mfadesk_web"), AS_WEB).strip().endswith("worked")


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_web_tiers_role_is_refused_what_is_the_executors(divided, statement):
    server, _run = divided
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        server.run(statement, "desk", "mfadesk_web")


def test_check_says_when_the_web_tiers_role_may_do_too_much(divided):
    server, run = divided
    assert "fail" in run(server.url("desk"), CHECK)
    assert "ok" in run(server.url("desk", "mfadesk_web"), CHECK)


@pytest.mark.parametrize("role", ["", 'x"; DROP TABLE y; --', "x" * 64, "näme"])
def test_a_role_whose_name_is_no_plain_one_is_not_put_into_sql(role):
    with pytest.raises(Invalid):
        grants_for(role)
