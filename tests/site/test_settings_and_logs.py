"""Settings that contradict the walls are refused, and logs keep secrets out."""

import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfadesk.kernel.errors import Invalid
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.kernel.secret import Secret
from mfadesk.site.databases import database_settings
from mfadesk.site.logs import ScrubbedFormatter, scrub, scrub_text
from mfadesk.store.home import Config, create_home

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("MFA_WEBAUTHN_USER_VERIFICATION", "preferred", "E001"),
        ("MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN", True, "E002"),
        ("MFA_TRUST_ENABLED", True, "E004"),
        ("DEBUG", True, "E005"),
        ("MFA_ADAPTER", "allauth.mfa.adapter.DefaultMFAAdapter", "E006"),
        ("LOCAL", False, "E010"),
        ("DEMO", True, "E012"),
        ("ALLOWED_HOSTS", ["*"], "E013"),
        ("MFA_TOTP_INSECURE_BYPASS_CODE", "111111", "E020"),
    ],
)
def test_a_setting_that_opens_a_wall_is_refused(settings, name, value, number):
    from mfadesk.site.checks import check_walls

    assert check_walls(None) == []
    setattr(settings, name, value)
    assert f"mfadesk.{number}" in [error.id for error in check_walls(None)]


@pytest.mark.parametrize(("demo", "wanted"), [(False, "web"), (True, "owner")])
def test_each_process_signs_in_to_the_database_by_its_own_environment_whatever_desk_toml_says(tmp_path, demo, wanted):
    config = Config("Fernhollow", "http://localhost:8000", database_url="postgresql://owner@db.example/desk", demo=demo)
    create_home(tmp_path / "desk", config, SystemRandomness())
    environment = {
        **os.environ, "MFADESK_HOME": str(tmp_path / "desk"), "MFADESK_DATABASE_URL": "postgresql://web@db.example/desk",
    }  # fmt: skip
    program = "from mfadesk.site import settings; print(settings.DATABASES['default']['USER'])"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert told.stdout.strip() == wanted, told.stderr


def test_the_embedded_database_waits_for_the_disk_and_takes_its_lock_first():
    options = database_settings("", Path("desk.sqlite3"))
    assert options["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "synchronous=FULL" in options["OPTIONS"]["init_command"]
    assert options["ATOMIC_REQUESTS"] is False


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite:///x", "postgresql://host", "postgresql://host/", "desk"])
def test_an_address_that_is_no_postgresql_database_is_refused(url):
    with pytest.raises(Invalid):
        database_settings(url, Path("x"))


def test_a_password_with_signs_in_it_survives_the_address():
    assert database_settings("postgresql://d%40sk:p%2Fw@db:5433/na%20me", Path("x"))["PASSWORD"] == "p/w"


@pytest.mark.parametrize(
    "text",
    [
        "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP",
        "Authorization: Bearer abc.def.ghi",
        "code=123456",
        "the code was 493021.",
        "GET /invite/hy6gm2qzbtchc6ba0p9nwgt9p079fx8d/ 200",
        "seed JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "case code 4MR-7KX",
    ],
)
def test_what_looks_like_a_secret_does_not_reach_the_log(text):
    secrets = ("JBSWY3DPEHPK3PXP", "abc.def", "123456", "493021", "hy6gm2qz", "4MR-7KX")
    assert not any(secret in scrub_text(text) for secret in secrets)


@given(st.text(alphabet="0123456789", min_size=6, max_size=8), st.text(alphabet=" ,;:()", min_size=1, max_size=3))
def test_a_bare_code_never_survives_whatever_stands_around_it(code, around):
    assert code not in scrub_text(f"said{around} {code} {around}done")


def test_fields_named_like_secrets_and_secrets_in_other_fields_are_left_out():
    event = scrub(
        None, "info", {"password": "x1", "nested": {"token": "x2", "fine": Secret("x3")}, "raw": b"x4", "event": "ok", "n": 5}
    )
    assert json.dumps(event).count("x") == 0
    assert event["n"] == 5


def test_a_traceback_is_scrubbed_too():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ScrubbedFormatter())
    logger = logging.Logger("a library")
    logger.addHandler(handler)
    try:
        raise ValueError("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP")
    except ValueError:
        logger.exception("failed with code=%s", "123456")
    assert "JBSWY3DPEHPK3PXP" not in stream.getvalue()
    assert "123456" not in stream.getvalue()
    assert json.loads(stream.getvalue())["level"] == "error"


@pytest.mark.django_db
def test_the_shared_cache_lets_one_of_two_burn_a_code():
    from django.core.cache import cache

    assert cache.add("allauth.mfa.totp.used?user=1&code=123456", "y", 30)
    assert not cache.add("allauth.mfa.totp.used?user=1&code=123456", "y", 30)
    cache.set("counter", [1.5, 2], 60)
    assert cache.get("counter") == [1.5, 2]
    cache.set("over", 1, -1)
    assert cache.get("over") is None
    assert cache.add("over", 2, 60)
    assert cache.delete("counter") and cache.get("counter", "gone") == "gone"
    with pytest.raises(TypeError):
        cache.set("an-object", object())
