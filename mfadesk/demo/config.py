"""How the example desk is configured. Apart from `seed`, since it is needed before Django is awake."""

from __future__ import annotations

from pathlib import Path

from mfadesk.demo import organisation as org
from mfadesk.store.home import Config

LAB = "lab.sqlite3"
SEED_ENTRY = "lab_seed"
"""The entry of the executor's key file that opens the seeds in the lab."""


def demo_config(folder: Path, url: str) -> Config:
    """Return the configuration of the example desk at `url`."""
    lab = str((folder / LAB).resolve())
    return Config(
        organisation=org.NAME,
        public_url=url,
        desk_phone=org.DESK_PHONE,
        demo=True,
        provider={
            "kind": "lab",
            "path": lab,
            "seed_key_key": SEED_ENTRY,
            "rp_id": "localhost",
            "origins": [url],
            "issuer": org.NAME,
        },
        courier={"kind": "mailbox", "path": lab},
        factors={"kind": "lab", "path": lab},
    )
