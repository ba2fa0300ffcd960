"""The broker's access rules: for every account exactly the topics it needs, and nothing else.

No pattern with `%u`: mosquitto applies patterns to every user alike, so they could neither tell a
device from a desk nor one clinic from another. What is not written here is refused.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from dermatrace.provision.broker_accounts import HEALTH, INGEST, WRITES, Account
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.topics import ROOT, SUBSCRIPTIONS, receipt_topic, rejection_topic

HEADING: Final = (
    "# Written by `dermatrace provision broker`: change accounts.toml and run it again.\n"
    "# Whoever is not named here may neither write nor read."
)
ANY: Final = "+"
DROPPED_TOPIC: Final = "$SYS/broker/publish/messages/dropped"
"""Where the broker tells how many messages it let go; of all it tells, the recorder shows this."""
UPTIME_TOPIC: Final = "$SYS/broker/uptime"


def render_acl(accounts: Iterable[Account]) -> str:
    """Return the access rules as mosquitto 2.0 and 2.1 read them."""
    sections = [HEADING, _section(INGEST, _ingest()), _section(JUDGE_SENDER, _judge())]
    sections.append(_section(HEALTH, [f"topic read {UPTIME_TOPIC}"]))
    sections += [_section(account.name, _account(account)) for account in accounts]
    return "\n\n".join(sections) + "\n"


def _section(name: str, rules: Iterable[str]) -> str:
    return "\n".join([f"user {name}", *rules])


def _ingest() -> Iterator[str]:
    yield from (f"topic read {name}" for name in SUBSCRIPTIONS)
    yield f"topic read {DROPPED_TOPIC}"
    yield f"topic write {receipt_topic(ANY, ANY)}"
    yield f"topic write {rejection_topic(ANY, ANY)}"


def _judge() -> Iterator[str]:
    # Of every clinic, also of those that come later: a judge that may not speak is worth nothing.
    return _sender(ANY, JUDGE_SENDER, ("verdict/+",))


def _account(account: Account) -> Iterator[str]:
    for clinic in account.clinics:
        yield from _sender(clinic, account.name, WRITES[account.kind])


def _sender(clinic: str, name: str, writes: tuple[str, ...]) -> Iterator[str]:
    # In any version of the contract: what a newer sender says is kept for a newer recorder.
    root = f"{ROOT}/{ANY}/{clinic}/{name}"
    yield from (f"topic write {root}/{level}" for level in (*writes, "outbox"))
    yield f"topic read {receipt_topic(clinic, name)}"
    yield f"topic read {rejection_topic(clinic, name)}"
