"""Puts the example organisation in place: directory by two real imports, accounts in the lab, staff with two second steps."""

from __future__ import annotations

import base64
import json
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import connections, transaction
from fido2.utils import websafe_encode

from mfadesk.connectors.lab.provider import LabProvider, open_lab
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.demo import organisation as org
from mfadesk.demo.config import SEED_ENTRY
from mfadesk.demo.state import DemoState, Key, Phone, SignIn, write_state
from mfadesk.executor.compose import open_executor
from mfadesk.executor.core import Executor
from mfadesk.executor.enlisting import begin_staff_key, finish_staff_key
from mfadesk.executor.staff_register import ROOT
from mfadesk.kernel.clock import Clock, FakeClock
from mfadesk.kernel.ids import Randomness
from mfadesk.operations.desk import open_desk
from mfadesk.operations.import_directory import import_directory, people_held
from mfadesk.operations.staff import new_token
from mfadesk.ports.people import Person
from mfadesk.store.home import Home
from mfadesk.store.models import Alert, StaffMember


def give_seed_key(home: Home, randomness: Randomness) -> bytes:
    """Write the lab's key into the executor's key file, as an installer would write a provider's credential, and return it."""
    path = home.folder / "keys" / "executor.json"
    stored = json.loads(path.read_text())
    key = randomness.bytes(32)
    stored["provider"] = {**stored.get("provider", {}), SEED_ENTRY: base64.b64encode(key).decode()}
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(json.dumps(stored, indent=1) + "\n")
    fresh.replace(path)
    return key


def seed(home: Home, clock: Clock, randomness: Randomness) -> None:
    """Put everything in place once. The demo's own file is written last: where it is, the seeding was whole."""
    # A password is meant to be slow to hash, and each leaves the others alone.
    hashing = ThreadPoolExecutor(max_workers=len(org.STAFF))
    hashed = {worker.login: hashing.submit(make_password, _password(worker)) for worker in org.STAFF}
    now = clock.now()
    past = now - timedelta(days=org.FIRST_IMPORT_DAYS)
    key = home.executor_keys().receipt
    import_directory(org.people_csv(now.date(), former=True), past, key)
    import_directory(org.people_csv(now.date()), now - timedelta(days=org.SECOND_IMPORT_DAYS), key)
    state = DemoState()
    lab = open_lab(
        home.config.provider["path"], seed_key=give_seed_key(home, randomness), rp_id="localhost",
        origins=home.config.provider["origins"], issuer=org.NAME, clock=FakeClock(now), randomness=randomness,
    )  # fmt: skip
    with lab.scene.at_once():
        for place, person in enumerate(people_held()):
            _give_account(lab, person, place, now, state, randomness)
    lab.close()
    desk = open_desk(home, clock=clock, randomness=randomness)
    executor = open_executor(desk)
    for worker in org.STAFF:
        with transaction.atomic():
            staff_id = _give_sign_in(worker, hashed[worker.login].result(), home.config.public_url, state, randomness)
        _give_desk_key(executor, worker, staff_id, state)
    # Security hears of every desk key, and these four are the example's own: the first alert here is the first real one.
    Alert.objects.filter(kind="desk_key").delete()
    hashing.shutdown()
    # The processes that start next open connections of their own.
    connections.close_all()
    write_state(home.folder, state)


def _give_account(
    lab: LabProvider, person: Person, place: int, now: datetime, state: DemoState, randomness: Randomness
) -> None:
    scene = lab.scene
    scene.add_account(person.login, disabled=person.employment in ("left", "starts"))
    for held in org.holds(person.login, person.tier, place):
        made = now - timedelta(days=held.made_days)
        used = None if held.used_days is None else now - timedelta(days=held.used_days)
        if held.kind in ("passkey", "passkey_synced", "security_key"):
            _, soft = scene.add_passkey(person.login, held.label, held.kind, created_at=made, last_used_at=used)
            state.keys.append(Key(_id(randomness), person.login, held.label, soft.to_json()))
        elif held.kind == "recovery_code":
            _, codes = scene.add_recovery_codes(person.login, held.label, created_at=made)
            state.paper[person.login] = list(codes)
        else:
            secret = randomness.bytes(20) if held.kind in ("totp", "hotp") else None
            scene.add_authenticator(
                person.login, held.kind, held.label, created_at=made, last_used_at=used, secret=secret, drift_steps=0
            )
            if secret is not None:
                drift = f"&x-drift={held.drift_steps}" if held.drift_steps else ""
                key = base64.b32encode(secret).decode()
                uri = f"otpauth://{held.kind}/{person.login}?secret={key}{drift}"
                state.phones.append(Phone(_id(randomness), person.login, held.label, uri, gone=held.broken))
        if held.label.endswith("work laptop"):
            scene.set_factor(person.login, "managed_device_signin")
        if held.kind == "sms":
            scene.set_factor(person.login, "sms_code")
    if any(contact.kind == "mobile" for contact in person.contacts):
        scene.set_factor(person.login, "callback_on_file")
    if person.employment == "active":
        scene.add_session(person.login, "browser at work", started_at=now - timedelta(hours=5))


def _password(worker: org.Worker) -> str:
    return f"{worker.login}-at-the-desk"


def _give_sign_in(worker: org.Worker, hashed: str, origin: str, state: DemoState, randomness: Randomness) -> str:
    user = get_user_model()(username=worker.login, password=hashed)
    user.save()
    member = StaffMember.objects.create(user=user, person_id=worker.person_id, desk=worker.desk, roles=list(worker.roles))
    seed_text = base64.b32encode(randomness.bytes(20)).decode()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": get_adapter().encrypt(seed_text)})
    handle = user_pk_to_url_str(user).encode()
    options: dict[str, Any] = {
        "rp": {"id": "localhost"},
        "user": {"id": websafe_encode(handle)},
        "challenge": websafe_encode(randomness.bytes(32)),
    }
    soft, response = SoftPasskey.register(options, origin, randomness)
    response["clientExtensionResults"] = {"credProps": {"rk": True}}
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Demo passkey", "credential": response}
    )
    state.keys.append(Key(_id(randomness), worker.login, f"{worker.desk}, to sign in to the desk", soft.to_json()))
    state.sign_ins.append(SignIn(worker.login, _password(worker), seed_text, worker.desk, worker.does))
    return str(member.pk)


def _give_desk_key(executor: Executor, worker: org.Worker, staff_id: str, state: DemoState) -> None:
    """Register a desk key as its owner would: on an invitation of the installer's, verified by the executor."""
    token = new_token(executor.desk.randomness)
    executor.staff.invite(
        token, login=worker.login, desk=worker.desk, roles=worker.roles, person_id=worker.person_id, staff_id="", by=ROOT
    )
    options = begin_staff_key(executor, "", {"staff": staff_id, "token": token})["options"]
    soft, response = SoftPasskey.register(options, executor.desk.home.config.public_url, executor.desk.randomness)
    finish_staff_key(executor, "", {"staff": staff_id, "response": {"json": response}})
    # Kept under the desk's name, not the login: it signs what they say and signs nobody in.
    label = f"{worker.desk}, to sign what they attest"
    state.keys.append(Key(_id(executor.desk.randomness), worker.desk, label, soft.to_json()))


def _id(randomness: Randomness) -> str:
    return uuid.UUID(bytes=randomness.bytes(16)).hex
