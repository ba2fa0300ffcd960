"""Under which name a sender speaks to the broker."""

from dataclasses import replace

from dermatrace.errors import UsageError
from dermatrace.mqtt import BrokerAddress


def logged_in_as(sender_id: str, address: BrokerAddress) -> BrokerAddress:
    """Return how a sender logs in: under its own id, unless one user name is for all.

    Raises UsageError if there are passwords, but none for this sender.
    """
    if address.username is not None or not address.passwords:
        return address
    if sender_id not in address.passwords:
        raise UsageError(
            f"there is no password at the broker for {sender_id}",
            remedy="Let it in: `dermatrace secrets add`, then `dermatrace provision broker`.",
        )
    return replace(address, username=sender_id, password=address.passwords[sender_id])
