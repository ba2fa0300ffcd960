"""What a broker may keep for us and send us."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Part of asking for a connection; the zeros ask for a clean start without limits."""

    session_expiry_s: int = 0
    """How long the broker keeps what arrives while we are away; in MQTT 3.1.1 for ever if not 0."""
    receive_max: int = 0
    """Messages we may have unacknowledged (MQTT 5)."""
    packet_max_bytes: int = 0
    """Largest packet we take (MQTT 5)."""
    wishes: tuple[str, ...] = ()
    """Topics worth having and easy to do without: asked for once the connection is up, at quality
    of service 0, so that nothing of them is kept while we are away. A refusal changes nothing."""


CLEAN_START: Final = Intake()
