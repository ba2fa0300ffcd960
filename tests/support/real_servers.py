"""Where the real servers are that tests/servers builds, and a real browser."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

# As it was when the tests were collected: around each test these names are hidden.
ENVIRONMENT: Final = dict(os.environ)
VARIABLES: Final = {"influxd": "DERMATRACE_INFLUXD", "telegraf": "DERMATRACE_TELEGRAF"}
STORE_VARIABLE: Final = "DERMATRACE_SERVERS"
STORE_DEFAULT: Final = ".cache/dermatrace-servers"
VERSION_WAIT_MAX_S: Final = 10.0
"""A server tells its version at once; one that does not is none of ours, and the test fails."""
_VERSION_WANTED: Final = {"influxd": "InfluxDB v2.", "telegraf": "Telegraf "}


class ServerMissing(LookupError):
    """A server that tests need is not on this machine; the message says how to get it."""


def find_chromium() -> str | None:
    """Return the Chromium on PATH, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def find_server(name: str, environment: Mapping[str, str] = ENVIRONMENT) -> str:
    """Return the program that is named by a variable, is on PATH or was built before.

    Raises ServerMissing if there is none.
    """
    variable = VARIABLES[name]
    if named := environment.get(variable):
        if os.access(named, os.X_OK):
            return named
        raise ServerMissing(f"{variable} names {named}, which is no program")
    on_path = shutil.which(name, path=environment.get("PATH", os.defpath))
    if on_path is not None and _is_the_one_meant(name, on_path):
        return on_path
    home = environment.get("HOME", str(Path.home()))
    store = environment.get(STORE_VARIABLE) or f"{home}/{STORE_DEFAULT}"
    built = Path(store, name)
    if os.access(built, os.X_OK):
        return str(built)
    raise ServerMissing(f"no {name} on this machine (sh tests/servers/build.sh {name} makes one)")


def _is_the_one_meant(name: str, program: str) -> bool:
    # Distributions offer InfluxDB 1 under the same name; nothing here would work with it.
    answer = subprocess.run(
        [program, "version"],
        check=False,
        capture_output=True,
        text=True,
        timeout=VERSION_WAIT_MAX_S,
    )
    return _VERSION_WANTED[name] in answer.stdout
