"""Access rules as text; what they do is shown on a real broker in tests/deploy."""

import re

from dermatrace.ingest import subscriber
from dermatrace.provision.broker_accounts import Account
from dermatrace.provision.broker_acl import DROPPED_TOPIC, UPTIME_TOPIC, render_acl
from support.compose import ComposeFile

PEN = Account(name="pen-7", kind="device", clinics=("north",))
OFFICE = Account(name="office", kind="staff", clinics=("north", "south"))


def _rules(text: str, user: str) -> list[str]:
    section = text.partition(f"user {user}\n")[2].partition("\n\n")[0]
    return section.strip().splitlines()


def test_device_speaks_below_its_own_name_in_its_own_clinic() -> None:
    assert _rules(render_acl([PEN]), "pen-7") == [
        "topic write dermatrace/+/north/pen-7/session/+",
        "topic write dermatrace/+/north/pen-7/announcement",
        "topic write dermatrace/+/north/pen-7/status",
        "topic write dermatrace/+/north/pen-7/outbox",
        "topic read dermatrace/v1/north/pen-7/receipt",
        "topic read dermatrace/v1/north/pen-7/rejection",
    ]


def test_account_of_two_clinics_has_the_same_rules_for_each() -> None:
    rules = _rules(render_acl([OFFICE]), "office")
    of_north = [rule for rule in rules if "/north/" in rule]
    assert [rule.replace("/north/", "/south/") for rule in of_north] == [
        rule for rule in rules if "/south/" in rule
    ]
    assert len(rules) == 2 * len(of_north)


def test_of_what_the_broker_tells_each_hears_the_one_number_it_asks_for() -> None:
    text = render_acl([PEN, OFFICE])
    assert re.findall(r"^topic .*\$SYS.*$", text, re.MULTILINE) == [
        f"topic read {subscriber.DROPPED_TOPIC}",
        f"topic read {UPTIME_TOPIC}",
    ]
    assert subscriber.DROPPED_TOPIC == DROPPED_TOPIC
    assert UPTIME_TOPIC in ComposeFile.ours().services["mosquitto"].healthcheck[-1]


def test_no_rule_is_for_everybody() -> None:
    text = render_acl([PEN, OFFICE])
    first_user = text.index("\nuser ")
    assert not re.search(r"^(topic|pattern)", text[:first_user], re.MULTILINE)
    assert "pattern" not in text.partition("\n\n")[2]
    assert "readwrite" not in text


def test_only_the_recorder_and_the_judge_speak_in_every_clinic() -> None:
    text = render_acl([PEN, OFFICE])
    anywhere = re.compile(r"^topic write dermatrace/[^/]+/\+/", re.MULTILINE)
    sections = [part for part in text.split("\nuser ") if anywhere.search(part)]
    assert [part.partition("\n")[0] for part in sections] == ["ingest", "judge"]
