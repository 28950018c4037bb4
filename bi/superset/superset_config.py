"""Superset for one person on one machine: `make bi-demo`. A server of your own has a configuration of its own."""

import os
from pathlib import Path

HOME = Path(os.environ["SUPERSET_HOME"])

SECRET_KEY = (HOME / "secret_key").read_text().strip()
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}"
SQLALCHEMY_EXAMPLES_URI = SQLALCHEMY_DATABASE_URI

# Only this machine reaches it, over plain http.
TALISMAN_ENABLED = False
SESSION_COOKIE_SECURE = False
# The import below logs in with a token, not with a form.
WTF_CSRF_EXEMPT_LIST = ["superset.dashboards.api.import_"]
ROW_LIMIT = 10000
