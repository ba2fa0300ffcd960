"""A real mosquitto of a test's own, to be stopped, killed and started again at will."""

import os
import shutil
from dataclasses import dataclass
from typing import ClassVar, Protocol

from support.own_server import OwnServer
from support.ports import answers

_SYSTEM_PATH = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"


def find_mosquitto() -> str | None:
    """Return where mosquitto is; distributions put it where only root's PATH leads."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}")


@dataclass(slots=True)
class Mosquitto(OwnServer):
    """One broker on 127.0.0.1, in a folder of its own.

    `config` is added to a listener on `port`. Anonymous clients are let in, and nothing survives a
    restart, unless the text says otherwise.
    """

    NAME: ClassVar = "mosquitto"

    config: str = ""

    def _command(self) -> list[str]:
        path = self.folder / "mosquitto.conf"
        path.write_text(self._whole_config(), encoding="utf-8")
        return [self.program, "-c", str(path)]

    def _is_ready(self) -> bool:
        return answers(self.port)

    def _whole_config(self) -> str:
        defaults = {
            "listener": f"{self.port} {self.host}",
            "allow_anonymous": "true",
            "persistence_location": f"{self.folder}/",
            "log_dest": "stdout",
        }
        if os.geteuid() == 0:
            # Started by root it would change to a user who may not write into the test's folder.
            defaults["user"] = "root"
        named = {line.split()[0] for line in self.config.splitlines() if line.strip()}
        lines = [f"{option} {value}" for option, value in defaults.items() if option not in named]
        return "\n".join([*lines, self.config, ""])


class StartMosquitto(Protocol):
    """Starts one more broker with this config; it ends with the test."""

    def __call__(self, config: str = "") -> Mosquitto:
        """Return it once its port answers."""
