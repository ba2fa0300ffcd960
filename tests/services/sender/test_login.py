"""As whom a sender logs in."""

from dataclasses import replace

import pytest

from dermatrace.errors import UsageError
from dermatrace.mqtt import BrokerAddress
from dermatrace.sender.login import logged_in_as

OPEN = BrokerAddress(host="127.0.0.1", port=1883)
BY_NAME = BrokerAddress(host="127.0.0.1", port=1883, passwords={"pen-7": "open sesame"})
ONE_FOR_ALL = replace(BY_NAME, username="tools")


@pytest.mark.parametrize("address", [OPEN, ONE_FOR_ALL])
def test_without_passwords_or_with_one_name_for_all_nothing_is_changed(
    address: BrokerAddress,
) -> None:
    assert logged_in_as("pen-7", address) is address


def test_sender_logs_in_under_its_own_name() -> None:
    address = logged_in_as("pen-7", BY_NAME)
    assert (address.username, address.password) == ("pen-7", "open sesame")


def test_sender_without_a_password_is_told_how_to_get_one() -> None:
    with pytest.raises(UsageError, match="dermatrace secrets add"):
        logged_in_as("pen-8", BY_NAME)


def test_passwords_are_not_shown_with_the_address() -> None:
    assert "open sesame" not in repr(BY_NAME)
