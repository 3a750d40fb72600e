"""The desk's home folder: what it is configured to do, and its keys.

    desk.toml            organisation, addresses, database, provider, mail
    desk.sqlite3, .lock  the embedded database and the advisory lock before every write
    keys/web.json        what the web tier may know: session keys and the key for secrets of its own
    keys/executor.json   what only the executor may know: receipts, checkpoints, the sealed-request key, provider secrets
    keys/public.json     the executor's public keys, for everybody

The key files are the wall between web and executor (SETTLED 1). On one uid the wall is nominal, and `check` says so. On two, the
executor's user (or root) owns the folder and `keys`, since whoever owns a folder can put another file in place of a key file; both
users are in one group that may read what both need; each alone reads its own keys. `divide_home` sets it so.
"""

from __future__ import annotations

import json
import os
import tomllib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mfadesk.kernel.errors import Invalid
from mfadesk.kernel.ids import Randomness
from mfadesk.kernel.sealing import public_key_of, verify_key_of
from mfadesk.store.key_files import KeyStore, begin_store, read_store, rings_of, when_changed
from mfadesk.store.wrapping import sources_for

CONFIG_NAME = "desk.toml"
KEY_MODE = 0o600
SHARED_MODE = 0o640
FOLDER_MODE = 0o750
WEB_KEYS = ("session", "at_rest", "locator")
EXECUTOR_KEYS = ("box_private", "receipt", "checkpoint_sign", "at_rest", "locator")
PUBLIC_KEYS = ("box_public", "checkpoint_verify")
EMBEDDED_FOLDER_MODE = 0o1770
"""With the embedded database on two users both write in the folder; the sticky bit keeps each from renaming what is the other's."""


@dataclass(frozen=True, slots=True)
class Config:
    """What `desk.toml` says.

    public_url: the address people type, without a slash at its end; WebAuthn's relying party id is its host.
    database_url: ``postgresql://…``, or empty for the embedded SQLite file.
    provider, courier, factors: which connector, and its settings; secrets stand in the executor's key file, not here.
    wrapping: where the keys are that wrap the key files, see `store.wrapping`; without it these stand in clear.
    threat: the threat level in force.
    reveal_to_dial: an operator may see a number for 60 seconds to call it back where no telephony connector hides it.
    """

    organisation: str
    public_url: str
    desk_phone: str = ""
    database_url: str = ""
    demo: bool = False
    threat: str = "normal"
    reveal_to_dial: bool = False
    allowed_hosts: tuple[str, ...] = ()
    provider: Mapping[str, Any] = field(default_factory=dict)
    courier: Mapping[str, Any] = field(default_factory=dict)
    factors: Mapping[str, Any] = field(default_factory=dict)
    wrapping: Mapping[str, Any] = field(default_factory=dict)
    policy: str = ""


@dataclass(frozen=True, slots=True)
class WebKeys:
    """The web tier's own keys: 32 random bytes each, each a `Ring`. None of them mints evidence or opens a provider."""

    session: bytes
    at_rest: bytes
    locator: bytes
    """Keys the hashes of case codes and links, so that a stolen table cannot be searched for a short code."""


@dataclass(frozen=True, slots=True)
class ExecutorKeys:
    """The executor's keys, each a `Ring`. `provider` holds the credentials of connectors, by name."""

    box_private: bytes
    receipt: bytes
    checkpoint_sign: bytes
    at_rest: bytes
    locator: bytes
    """The same as the web tier's, since letters hold links; it finds a case and opens nothing."""
    provider: Mapping[str, str]
    decoy: bytes
    """Draws what stands beside real credential ids. No ring: what changed from one page to the next would be real."""
    pins: tuple[RegisterPin, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisterPin:
    """How far the register of staff stands under a key that counts for nothing else any more.

    mac: that of row `size`, which covers every row before it: so not even whoever has this key can change them.
    """

    key: bytes
    size: int
    mac: str


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """What everybody may know of the executor."""

    box_public: bytes
    checkpoint_verify: bytes
    """A `Ring`: checkpoints that were signed before a rotation verify under the older keys."""
    origin: str
    """The ledger's name in checkpoints, such as ``mfadesk/fernhollow``."""


@dataclass(frozen=True, slots=True)
class Home:
    """One desk on disk."""

    folder: Path
    config: Config

    @property
    def database_file(self) -> Path:
        return self.folder / "desk.sqlite3"

    @property
    def lock_file(self) -> Path:
        return self.folder / "desk.lock"

    def web_keys(self) -> WebKeys:
        """Return the web tier's keys as they are now. Raises Invalid where the file is missing or damaged."""
        path = self.key_file("web")
        keys: WebKeys = when_changed(path, lambda: WebKeys(**rings_of(self.key_store("web"), WEB_KEYS, path)))
        return keys

    def executor_keys(self) -> ExecutorKeys:
        """Return the executor's keys as they are now. Raises Invalid where the file is missing or damaged: then nothing is granted."""
        path = self.key_file("executor")
        keys: ExecutorKeys = when_changed(path, lambda: _executor_keys(self.key_store("executor"), path))
        return keys

    def public_keys(self) -> PublicKeys:
        """Return the executor's public keys as they are now."""
        path = self.key_file("public")

        def read() -> PublicKeys:
            stored = self.key_store("public")
            return PublicKeys(**rings_of(stored, PUBLIC_KEYS, path), origin=str(stored.get("origin", "")))

        keys: PublicKeys = when_changed(path, read)
        return keys

    def key_file(self, holder: str) -> Path:
        """Return where the keys of ``web``, ``executor`` or ``public`` stand; ``seen`` is what the executor remembers."""
        return self.folder / "keys" / f"{holder}.json"

    def key_store(self, holder: str) -> KeyStore:
        """Return everything that a key file holds, unwrapped. Raises Invalid."""
        return read_store(self.key_file(holder), self.key_sources(holder))

    def key_sources(self, holder: str) -> tuple[str, ...]:
        """Return where the key that wraps a key file may be found, as desk.toml says now: it may be exchanged while we run."""
        return () if holder == "public" else sources_for(load_home(self.folder).config.wrapping, holder)


def load_home(folder: Path) -> Home:
    """Return the desk in `folder`. Raises Invalid with the line where `desk.toml` cannot be read or names an unknown setting."""
    path = folder / CONFIG_NAME
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Invalid(str(path), "There is no desk here. `mfadesk init DIR` makes one.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(str(path), f"This is not TOML: {error}.") from error
    known = set(Config.__dataclass_fields__)
    unknown = sorted(set(values) - known)
    if unknown:
        raise Invalid(str(path), f"`{unknown[0]}` is no setting. Known: {', '.join(sorted(known))}.")
    for name in ("organisation", "public_url"):
        if not isinstance(values.get(name), str) or not values[name]:
            raise Invalid(str(path), f"`{name}` is missing.")
    if "allowed_hosts" in values:
        values["allowed_hosts"] = tuple(values["allowed_hosts"])
    return Home(folder.resolve(), Config(**values))


def holds_password(database_url: str) -> bool:
    """Return whether an address carries a password, which belongs in the environment and not in a file that backups carry along.

    >>> holds_password("postgresql://desk:secret@db.example/desk"), holds_password("postgresql://desk@db.example/desk")
    (True, False)
    """
    return bool(urlsplit(database_url).password)


def create_home(folder: Path, config: Config, randomness: Randomness) -> Home:
    """Make a new desk in `folder` and return it. Raises Invalid where one is there already."""
    if (folder / CONFIG_NAME).exists():
        raise Invalid(str(folder), "A desk is here already; nothing was changed.")
    # The executor's service may write into these two and make no others beside them.
    for name in ("keys", "policies"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name).chmod(FOLDER_MODE)
    folder.chmod(FOLDER_MODE)
    web = {name: randomness.bytes(32) for name in ("session", "at_rest", "locator")}
    executor = {name: randomness.bytes(32) for name in ("box_private", "receipt", "checkpoint_sign", "at_rest")}
    executor["locator"] = web["locator"]
    public = {
        "box_public": public_key_of(executor["box_private"]),
        "checkpoint_verify": verify_key_of(executor["checkpoint_sign"]),
    }
    origin = "mfadesk/" + "".join(c if c.isalnum() else "-" for c in config.organisation.lower()).strip("-")
    begin_store(folder / "keys" / "web.json", web, KEY_MODE)
    begin_store(folder / "keys" / "executor.json", executor, KEY_MODE, provider={})
    begin_store(folder / "keys" / "public.json", public, KEY_MODE, origin=origin)
    write_config(folder, config)
    for shared in (folder / "keys" / "public.json", folder / CONFIG_NAME):
        shared.chmod(SHARED_MODE)
    return load_home(folder)


def write_config(folder: Path, config: Config) -> None:
    """Write `desk.toml` for `config`, in place of one that is there."""
    (folder / CONFIG_NAME).write_text(_as_toml(config), encoding="utf-8")


def divide_home(home: Home, web_uid: int, executor_uid: int, group: int) -> None:
    """Give the desk's files to two users, so that the wall stands. Only root can.

    group: the one that both users are in; nobody else should be.
    """
    embedded = not (home.config.database_url or os.environ.get("MFADESK_DATABASE_URL"))
    for path in (home.folder, home.folder / "keys", home.folder / CONFIG_NAME, home.folder / "keys" / "public.json"):
        os.chown(path, executor_uid, group)
    (home.folder / "keys").chmod(FOLDER_MODE)
    home.folder.chmod(EMBEDDED_FOLDER_MODE if embedded else FOLDER_MODE)
    # The third is there once the executor has seen something.
    for name, uid in (("web", web_uid), ("executor", executor_uid), ("seen", executor_uid)):
        if name != "seen" or home.key_file(name).exists():
            os.chown(home.key_file(name), uid, group)
            home.key_file(name).chmod(KEY_MODE)
    for path in (home.lock_file, *home.folder.glob(f"{home.database_file.name}*")):
        if path.exists():
            os.chown(path, executor_uid, group)
            path.chmod(0o660)
    # What browsers may keep is the web tier's to write, at each start; kept policies are the executor's.
    for name, uid in (("static", web_uid), ("policies", executor_uid)):
        for path in (home.folder / name, *(home.folder / name).rglob("*")):
            if path.exists() and not path.is_symlink():
                os.chown(path, uid, group)
                path.chmod(FOLDER_MODE if path.is_dir() else SHARED_MODE)


def _executor_keys(stored: KeyStore, path: Path) -> ExecutorKeys:
    keys = rings_of(stored, EXECUTOR_KEYS, path)
    try:
        pins = tuple(RegisterPin(b64decode(pin["key"]), int(pin["size"]), str(pin["mac"])) for pin in stored.get("pins", []))
        decoy = b64decode(stored["decoy"]) if "decoy" in stored else bytes(keys["receipt"])
        provider = {str(name): str(value) for name, value in stored.get("provider", {}).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid(str(path), "This key file is damaged. Restore it from the backup.") from error
    return ExecutorKeys(**keys, provider=provider, decoy=decoy, pins=pins)


def _as_toml(config: Config) -> str:
    lines, tables = [], []
    for name in Config.__dataclass_fields__:
        value = getattr(config, name)
        if isinstance(value, Mapping):
            tables += ["", f"[{name}]", *(f"{key} = {_toml_value(item)}" for key, item in value.items())] if value else []
        else:
            lines.append(f"{name} = {_toml_value(value)}")
    return "\n".join([*lines, *tables]) + "\n"


def _toml_value(value: Any) -> str:
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    # A JSON string, number or boolean is written the same in TOML.
    return json.dumps(value, ensure_ascii=False)
