"""Imports the dashboards of `pack/` into a running Superset, over its REST API.

The same can be done by hand: zip the folder `pack` and choose Dashboards → Import; Superset asks for the password of the
database. Importing again with this program overwrites the dashboards, charts and datasets of the pack, and nothing else.
"""

import argparse
import io
import json
import pathlib
import re
import sys
import time
import zipfile

import requests

PACK = pathlib.Path(__file__).parent / "pack"
DATABASE = "databases/keepnet_etl.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--superset", required=True, help="address, such as http://127.0.0.1:8088")
    parser.add_argument("--user", default="admin")
    parser.add_argument("--password-file", required=True)
    parser.add_argument("--warehouse", required=True, help="postgresql://user@host:port/database, without a password")
    parser.add_argument("--warehouse-password-file", required=True)
    arguments = parser.parse_args()

    session = requests.Session()
    wait_for(session, arguments.superset)
    login = session.post(
        f"{arguments.superset}/api/v1/security/login",
        json={"username": arguments.user, "password": read(arguments.password_file), "provider": "db"},
        timeout=60,
    )
    checked(login, "log in")
    session.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
    token = session.get(f"{arguments.superset}/api/v1/security/csrf_token/", timeout=60)
    checked(token, "get a token")
    session.headers["X-CSRFToken"] = token.json()["result"]
    answer = session.post(
        # The import of dashboards would leave charts and datasets that are there as they are.
        f"{arguments.superset}/api/v1/assets/import/",
        files={"bundle": ("pack.zip", packed(arguments.warehouse), "application/zip")},
        data={"passwords": json.dumps({DATABASE: read(arguments.warehouse_password_file)})},
        timeout=300,
        allow_redirects=False,
    )
    checked(answer, "import the dashboards")
    print("imported the dashboards")


def wait_for(session: requests.Session, superset: str) -> None:
    """Until it answers: after a start that takes some seconds, after the first one half a minute."""
    deadline = time.monotonic() + 180
    while True:
        try:
            session.get(f"{superset}/health", timeout=10).raise_for_status()
            return
        except requests.RequestException as error:
            if time.monotonic() > deadline:
                sys.exit(f"error: could not reach Superset at {superset}: {error}")
            time.sleep(0.5)


def packed(warehouse: str) -> bytes:
    """The pack as a zip file, with the address of the warehouse in it."""
    with_driver = re.sub(r"^postgres(ql)?://([^@:/]+)@", r"postgresql+psycopg2://\2:XXXXXXXXXX@", warehouse)
    if with_driver == warehouse:
        sys.exit("error: the warehouse must be postgresql://user@host:port/database, without a password")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(PACK.rglob("*.yaml")):
            name = path.relative_to(PACK).as_posix()
            text = path.read_text()
            if name == DATABASE:
                text = re.sub(r"(?m)^sqlalchemy_uri: .*$", lambda _: f"sqlalchemy_uri: {with_driver}", text)
            if name == "metadata.yaml":
                text = text.replace("type: Dashboard", "type: assets")
            archive.writestr(f"pack/{name}", text)
    return buffer.getvalue()


def read(path: str) -> str:
    return pathlib.Path(path).read_text().strip()


def checked(answer: requests.Response, what: str) -> None:
    if answer.status_code != 200:
        sys.exit(f"error: could not {what}: HTTP {answer.status_code} {answer.text[:300]}")


if __name__ == "__main__":
    main()
