"""The broker of docker-compose.yml on this machine, and visitors who try what they may not."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from dermatrace.mqtt import NOT_AUTHORIZED, SUCCESS, BrokerAddress, Connection
from dermatrace.provision.broker_accounts import Account
from dermatrace.provision.broker_passwords import hash_password
from dermatrace.provision.secret_files import BROKER_FOLDER, make_secrets
from support.mqtt_ends import NotingListener
from support.native_stack import NativeStack
from support.waiting import wait_until

OBSERVER: Final = "observer"
"""Added for tests: may do everything, and so sees what really happened."""
OBSERVER_RULES: Final = f"\nuser {OBSERVER}\ntopic readwrite #\ntopic read $SYS/#\n"
MARK: Final = "mark"
"""Published last: whoever has it has everything before."""


class DeployedBroker:
    """Mosquitto with the deployed configuration and some accounts; use it as a context manager."""

    def __init__(self, folder: Path, accounts: Sequence[Account]) -> None:
        self.stack = NativeStack(folder)
        list(make_secrets(self.stack.secrets, accounts))
        self.passwords = self.stack.secrets / BROKER_FOLDER

    def __enter__(self) -> Self:
        self.stack.run_once("provision-broker")
        access = self.stack.volume("broker-access")
        with (access / "passwords").open("a", encoding="utf-8") as passwords:
            passwords.write(f"{OBSERVER}:{hash_password(OBSERVER)}\n")
        with (access / "acl").open("a", encoding="utf-8") as acl:
            acl.write(OBSERVER_RULES)
        self.stack.up("mosquitto")
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.__exit__()

    def address(self, name: str, *, inside: bool = False) -> BrokerAddress:
        """Return how somebody logs in, on the listener for devices or on the one inside."""
        file = self.passwords / name
        password = file.read_text(encoding="utf-8").strip() if file.exists() else name
        port = self.stack.ports[1884 if inside else 1883]
        return BrokerAddress(host="127.0.0.1", port=port, username=name, password=password)

    def reload(self) -> None:
        """Let it read passwords and rules again, as `docker compose kill --signal HUP` does."""
        os.kill(self.stack.pid("mosquitto"), signal.SIGHUP)

    @contextmanager
    def visit(
        self, name: str, *subscriptions: str, client_id: str | None = None, inside: bool = False
    ) -> Iterator["Visitor"]:
        """Let somebody in, subscribed and ready."""
        address = self.address(name, inside=inside)
        visitor = Visitor(address, client_id or name, subscriptions)
        try:
            visitor.wait_up()
            yield visitor
        finally:
            visitor.close()

    def refuses(self, address: BrokerAddress, client_id: str = "somebody") -> bool:
        """Tell whether a log-in is refused, for want of the right name or password."""
        visitor = Visitor(address, client_id, ())
        try:
            wait_until(lambda: visitor.listener.up or visitor.listener.down, what="an answer")
            return [code for _, code in visitor.listener.down] == [NOT_AUTHORIZED]
        finally:
            visitor.close()

    def arrives(self, name: str, topic: str, *, inside: bool = False) -> bool:
        """Let somebody publish; tell whether anybody who may read everything receives it."""
        with (
            self.visit(OBSERVER, "#", "$SYS/broker/#") as observer,
            self.visit(name, inside=inside) as visitor,
        ):
            answer = visitor.publish(topic, f"{name} was here".encode())
            observer.publish(MARK, MARK.encode())
            observer.wait_for(MARK.encode())
            has_come = f"{name} was here".encode() in observer.listener.payloads
        assert answer == (SUCCESS if has_come else NOT_AUTHORIZED)
        return has_come

    def reads(
        self, name: str, subscription: str, topic: str, *, mark: str, inside: bool = False
    ) -> bool:
        """Let somebody subscribe; tell whether what is published there reaches it.

        `mark` is a topic that it may read: what is published there afterwards ends the wait.
        """
        with (
            self.visit(OBSERVER) as observer,
            self.visit(name, subscription, mark, inside=inside) as visitor,
        ):
            observer.publish(topic, b"for somebody else")
            observer.publish(mark, MARK.encode())
            visitor.wait_for(MARK.encode())
            return b"for somebody else" in visitor.listener.payloads


class Visitor:
    """One connection that is looked at from both ends."""

    def __init__(
        self, address: BrokerAddress, client_id: str, subscriptions: Sequence[str]
    ) -> None:
        self.listener = NotingListener()
        self._connection = Connection(
            address, client_id, self.listener, subscriptions=subscriptions
        )
        self._connection.open()

    @property
    def is_up(self) -> bool:
        """Whether it was let in and has not been thrown out."""
        return bool(self.listener.up) and not self.listener.down

    def wait_up(self) -> None:
        """Wait until it is let in."""
        wait_until(lambda: self.listener.up or self.listener.down, what="an answer")
        assert self.listener.up, self.listener.down

    def publish(self, topic: str, payload: bytes) -> int:
        """Publish, and return what the broker answers."""
        packet_id = self._connection.publish(topic, payload)
        answers = self.listener.answers
        wait_until(lambda: packet_id in dict(answers), what=f"an answer to {topic}")
        return dict(answers)[packet_id]

    def wait_for(self, payload: bytes) -> None:
        """Wait until this has come."""
        wait_until(lambda: payload in self.listener.payloads, what=f"{payload!r}")

    def close(self) -> None:
        """Say goodbye."""
        self._connection.close()


def without_password(address: BrokerAddress) -> BrokerAddress:
    """Return an address at which one says nothing of oneself."""
    return replace(address, username=None, password=None)
