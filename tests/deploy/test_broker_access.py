"""What each account may do at the deployed broker, and what it may not: by what then happens."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from dermatrace.ingest.subscriber import CLIENT_ID, DROPPED_TOPIC, INTAKE
from dermatrace.mqtt import Connection
from dermatrace.provision.broker_access import provision_broker
from dermatrace.provision.broker_accounts import Account
from dermatrace.provision.secret_files import make_secrets
from dermatrace_schemas.topics import SUBSCRIPTIONS
from support.deployed_broker import OBSERVER, DeployedBroker, without_password
from support.mqtt_ends import NotingListener
from support.waiting import wait_until

from .conftest import ACCOUNTS

pytestmark = pytest.mark.broker
V1: Final = "dermatrace/v1"
INSIDE: Final = frozenset({"ingest", "judge", "health"})
REFUSED_MIN: Final = 0x80
"""Below it an answer is a kind of yes, such as 0x10: taken, and nobody subscribes to it."""

MAY_WRITE: Final = [
    ("pen-1", f"{V1}/north/pen-1/session/s1"),
    ("pen-1", f"{V1}/north/pen-1/outbox"),
    ("pen-1", f"{V1}/north/pen-1/announcement"),
    ("pen-1", f"{V1}/north/pen-1/status"),
    ("pen-1", "dermatrace/v2/north/pen-1/session/s1"),
    ("pen-2", f"{V1}/south/pen-2/session/s1"),
    ("tablet", f"{V1}/north/tablet/chart/visit-1"),
    ("tablet", f"{V1}/north/tablet/outbox"),
    ("office", f"{V1}/north/office/chart/visit-1"),
    ("office", f"{V1}/north/office/registry/import-1"),
    ("office", f"{V1}/south/office/registry/import-1"),
    ("office", f"{V1}/south/office/outbox"),
    ("judge", f"{V1}/north/judge/verdict/pen-1.s1.g0"),
    ("judge", f"{V1}/a-clinic-of-tomorrow/judge/verdict/pen-1.s1.g0"),
    ("judge", f"{V1}/north/judge/outbox"),
    ("ingest", f"{V1}/north/pen-1/receipt"),
    ("ingest", f"{V1}/south/office/rejection"),
]
MAY_NOT_WRITE: Final = [
    # a device for another device, for another clinic, or what is not a device's
    ("pen-1", f"{V1}/north/rf-1/session/s1"),
    ("pen-1", f"{V1}/north/rf-1/outbox"),
    ("pen-1", f"{V1}/north/rf-1/status"),
    ("pen-1", f"{V1}/south/pen-1/session/s1"),
    ("pen-1", f"{V1}/south/pen-2/session/s1"),
    ("pen-1", "dermatrace/v2/south/pen-1/session/s1"),
    ("pen-1", f"{V1}/north/pen-1/chart/visit-1"),
    ("pen-1", f"{V1}/north/pen-1/registry/import-1"),
    ("pen-1", f"{V1}/north/pen-1/verdict/pen-1.s1.g0"),
    ("pen-1", f"{V1}/north/judge/verdict/pen-1.s1.g0"),
    ("pen-1", f"{V1}/north/office/registry/import-1"),
    ("pen-1", f"{V1}/north/dermatrace/session/s1"),
    ("pen-1", f"{V1}/north/pen-1/session/s1/and-more"),
    ("pen-1", f"{V1}/north/pen-1"),
    # answers that only the recorder gives
    ("pen-1", f"{V1}/north/pen-1/receipt"),
    ("pen-1", f"{V1}/north/pen-1/rejection"),
    ("pen-1", f"{V1}/north/rf-1/receipt"),
    ("office", f"{V1}/north/pen-1/receipt"),
    ("judge", f"{V1}/north/pen-1/receipt"),
    # anything else
    ("pen-1", "$SYS/broker/uptime"),
    ("pen-1", "anything"),
    # people for devices, for the judge, for another clinic
    ("tablet", f"{V1}/north/tablet/registry/import-1"),
    ("tablet", f"{V1}/north/tablet/session/s1"),
    ("tablet", f"{V1}/north/tablet/verdict/pen-1.s1.g0"),
    ("tablet", f"{V1}/south/tablet/chart/visit-1"),
    ("tablet", f"{V1}/north/office/chart/visit-1"),
    ("office", f"{V1}/north/office/session/s1"),
    ("office", f"{V1}/north/office/verdict/pen-1.s1.g0"),
    ("office", f"{V1}/north/office/announcement"),
    ("office", f"{V1}/north/office/status"),
    ("office", f"{V1}/north/pen-1/session/s1"),
    ("nurse", f"{V1}/north/nurse/registry/import-1"),
    # our own processes, each for the other
    ("judge", f"{V1}/north/judge/session/s1"),
    ("judge", f"{V1}/north/judge/chart/visit-1"),
    ("judge", f"{V1}/north/judge/registry/import-1"),
    ("judge", f"{V1}/north/pen-1/session/s1"),
    ("judge", f"{V1}/north/somebody/verdict/pen-1.s1.g0"),
    ("ingest", f"{V1}/north/pen-1/session/s1"),
    ("ingest", f"{V1}/north/office/registry/import-1"),
    ("ingest", f"{V1}/north/judge/verdict/pen-1.s1.g0"),
    ("health", f"{V1}/north/health/session/s1"),
    ("health", f"{V1}/north/pen-1/receipt"),
]

OWN: Final = {
    "pen-1": f"{V1}/north/pen-1/receipt",
    "tablet": f"{V1}/north/tablet/receipt",
    "office": f"{V1}/south/office/receipt",
    "judge": f"{V1}/north/judge/receipt",
    "ingest": f"{V1}/north/pen-1/outbox",
}
"""A topic that each may read."""
MAY_READ: Final = [
    ("pen-1", f"{V1}/north/pen-1/rejection"),
    ("tablet", f"{V1}/north/tablet/rejection"),
    ("office", f"{V1}/north/office/receipt"),
    ("office", f"{V1}/south/office/rejection"),
    ("judge", f"{V1}/north/judge/rejection"),
    ("judge", f"{V1}/a-clinic-of-tomorrow/judge/receipt"),
    ("ingest", f"{V1}/north/pen-1/session/s1"),
    ("ingest", f"{V1}/south/office/chart/visit-1"),
    ("ingest", f"{V1}/south/office/registry/import-1"),
    ("ingest", f"{V1}/north/judge/verdict/pen-1.s1.g0"),
    ("ingest", f"{V1}/north/pen-1/announcement"),
    ("ingest", f"{V1}/north/pen-1/status"),
    ("ingest", "dermatrace/v2/north/pen-1/session/s1"),
]
MAY_NOT_READ: Final = [
    ("pen-1", f"{V1}/north/rf-1/receipt"),
    ("pen-1", f"{V1}/north/rf-1/rejection"),
    ("pen-1", f"{V1}/south/pen-1/receipt"),
    ("pen-1", f"{V1}/north/rf-1/session/s1"),
    ("pen-1", f"{V1}/north/pen-1/session/s1"),
    ("pen-1", f"{V1}/north/tablet/chart/visit-1"),
    ("pen-1", f"{V1}/north/judge/verdict/pen-1.s1.g0"),
    ("tablet", f"{V1}/north/pen-1/session/s1"),
    ("tablet", f"{V1}/north/office/receipt"),
    ("office", f"{V1}/north/pen-1/session/s1"),
    ("office", f"{V1}/north/pen-1/receipt"),
    ("judge", f"{V1}/north/pen-1/session/s1"),
    ("judge", f"{V1}/north/tablet/chart/visit-1"),
    ("ingest", f"{V1}/north/pen-1/receipt"),
    ("ingest", "anything"),
]


@pytest.fixture(scope="module")
def unguarded(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedBroker]:
    """Return the sabotage twin: the same broker without access rules, client ids free."""
    assert program
    deployed = DeployedBroker(tmp_path_factory.mktemp("unguarded"), ACCOUNTS)
    deployed.stack.leave_out(r"^(acl_file|use_username_as_clientid) .*$")
    with deployed:
        yield deployed


@pytest.mark.parametrize(("name", "topic"), MAY_WRITE)
def test_what_one_must_tell_arrives(broker: DeployedBroker, name: str, topic: str) -> None:
    assert broker.arrives(name, topic, inside=name in INSIDE)


@pytest.mark.parametrize(("name", "topic"), MAY_NOT_WRITE)
def test_what_is_not_ones_own_to_tell_is_refused_and_reaches_nobody(
    broker: DeployedBroker, name: str, topic: str
) -> None:
    assert not broker.arrives(name, topic, inside=name in INSIDE)


@pytest.mark.parametrize(("name", "topic"), MAY_READ)
def test_what_one_must_hear_is_heard(broker: DeployedBroker, name: str, topic: str) -> None:
    assert broker.reads(name, topic, topic, mark=OWN[name], inside=name in INSIDE)


@pytest.mark.parametrize(("name", "topic"), MAY_NOT_READ)
@pytest.mark.parametrize("subscription", ["exactly", "everything"])
def test_what_is_for_others_is_not_heard(
    broker: DeployedBroker, name: str, topic: str, subscription: str
) -> None:
    asked = topic if subscription == "exactly" else "#"
    assert not broker.reads(name, asked, topic, mark=OWN[name], inside=name in INSIDE)


@pytest.mark.parametrize("name", ["pen-1", "tablet", "office", "judge"])
def test_nobody_but_the_recorder_hears_how_the_broker_is(broker: DeployedBroker, name: str) -> None:
    with broker.visit("ingest", "$SYS/broker/#", inside=True) as recorder:
        wait_until(lambda: recorder.listener.payloads, what="the broker's own number")
        topics = {delivery.topic for delivery in recorder.listener.deliveries}
        assert topics == {DROPPED_TOPIC}
    with (
        broker.visit(OBSERVER) as observer,
        broker.visit(name, "$SYS/broker/#", OWN[name], inside=name in INSIDE) as visitor,
    ):
        observer.publish(OWN[name], b"mark")
        visitor.wait_for(b"mark")
        assert [delivery.topic for delivery in visitor.listener.deliveries] == [OWN[name]]


def test_health_check_hears_one_number_and_nothing_else(broker: DeployedBroker) -> None:
    with broker.visit("health", "#", "$SYS/broker/#", inside=True) as visitor:
        wait_until(lambda: visitor.listener.payloads, what="the uptime")
        topics = {delivery.topic for delivery in visitor.listener.deliveries}
    assert topics == {"$SYS/broker/uptime"}


@pytest.mark.parametrize("inside", [True, False])
def test_nobody_gets_in_without_the_right_name_and_password(
    broker: DeployedBroker, *, inside: bool
) -> None:
    right = broker.address("pen-1", inside=inside)
    assert not broker.refuses(right, "pen-1")
    assert broker.refuses(without_password(right))
    assert broker.refuses(replace(right, password="a guess"))  # noqa: S106  a wrong one
    assert broker.refuses(replace(right, password=""))
    assert broker.refuses(replace(right, password=None))
    assert broker.refuses(replace(right, username="nobody"))
    assert broker.refuses(replace(right, username="rf-1"))


def test_recorder_is_granted_all_its_subscriptions(broker: DeployedBroker) -> None:
    with broker.visit("ingest", *SUBSCRIPTIONS, inside=True) as recorder:
        assert recorder.is_up


def _is_thrown_out(broker: DeployedBroker) -> bool:
    """Tell whether a device that calls itself as the recorder does ends the recorder's session."""
    listener = NotingListener()
    recorder = Connection(
        broker.address("ingest", inside=True),
        CLIENT_ID,
        listener,
        subscriptions=SUBSCRIPTIONS,
        intake=INTAKE,
    )
    recorder.open()
    try:
        wait_until(lambda: listener.up, what="a recorder")
        with broker.visit("pen-1", client_id=CLIENT_ID) as device:
            device.publish(f"{V1}/north/pen-1/outbox", b"after")
            wait_until(lambda: listener.down or b"after" in listener.payloads, what="either")
        return bool(listener.down)
    finally:
        recorder.close()


def test_device_cannot_throw_the_recorder_out_by_taking_its_client_id(
    broker: DeployedBroker,
) -> None:
    assert not _is_thrown_out(broker)


def test_second_connection_of_one_account_ends_the_first(broker: DeployedBroker) -> None:
    with (
        broker.visit("pen-1", client_id="one") as first,
        broker.visit("pen-1", client_id="another") as second,
    ):
        wait_until(lambda: first.listener.down, what="the end of the first")
        assert second.is_up


def test_judge_keeps_a_connection_for_each_clinic(broker: DeployedBroker) -> None:
    with (
        broker.visit("judge", client_id="judge.north", inside=True) as north,
        broker.visit("judge", client_id="judge.south", inside=True) as south,
    ):
        assert north.publish(f"{V1}/north/judge/verdict/s", b"1") < REFUSED_MIN
        assert south.publish(f"{V1}/south/judge/verdict/s", b"1") < REFUSED_MIN
        assert north.is_up


@pytest.mark.parametrize(("name", "topic"), MAY_NOT_WRITE)
def test_without_access_rules_all_of_it_arrives(
    unguarded: DeployedBroker, name: str, topic: str
) -> None:
    if not topic.startswith("$"):  # of which the broker never takes anything
        assert unguarded.arrives(name, topic, inside=name in INSIDE)


@pytest.mark.parametrize(("name", "topic"), MAY_NOT_READ)
def test_without_access_rules_all_of_it_is_heard(
    unguarded: DeployedBroker, name: str, topic: str
) -> None:
    assert unguarded.reads(name, topic, topic, mark=OWN[name], inside=name in INSIDE)


def test_with_free_client_ids_a_device_throws_the_recorder_out(unguarded: DeployedBroker) -> None:
    assert _is_thrown_out(unguarded)


def test_account_that_is_added_gets_in_after_a_signal_and_nobody_is_cut_off(
    program: str, tmp_path: Path
) -> None:
    assert program
    added = Account(name="pen-9", kind="device", clinics=("north",))
    with DeployedBroker(tmp_path, ACCOUNTS) as broker, broker.visit("pen-1") as earlier:
        list(make_secrets(broker.stack.secrets, [added]))
        assert broker.refuses(broker.address("pen-9"))
        list(provision_broker(broker.passwords, broker.stack.volume("broker-access")))
        broker.reload()
        wait_until(lambda: not broker.refuses(broker.address("pen-9")), what="the new account")
        with broker.visit("pen-9") as device:
            assert device.publish(f"{V1}/north/pen-9/session/s1", b"1") < REFUSED_MIN
        assert earlier.publish(f"{V1}/north/pen-1/session/s1", b"1") < REFUSED_MIN
