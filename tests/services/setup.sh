#!/usr/bin/env bash
# Sets up the real services that the tests start themselves. Idempotent; each in an environment of its own.
#
# privacyIDEA is AGPL and needs other versions of our libraries: it is only ever another process, never imported.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
venv="${MFADESK_PRIVACYIDEA_VENV:-$here/../../var/services/privacyidea}"
if [ ! -x "$venv/bin/gunicorn" ]; then
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check -c "$here/privacyidea-constraints.txt" privacyidea==3.14 gunicorn
fi
"$venv/bin/pip" freeze --disable-pip-version-check | grep -i '^privacyidea=='
