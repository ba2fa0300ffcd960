"""`python -m dermatrace.supervisor.amqtt_broker PORT`: a broker from PyPI, for demonstrations.

It speaks MQTT 3.1.1 only, keeps no session of a client without a user name and delivers nothing
again after a reconnect. Nothing is lost by that, since senders keep what has no receipt; it is slow
to heal. The guarantees are proved on mosquitto.
"""

import asyncio
import signal
import sys

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig


async def serve(port: int) -> None:
    """Run the broker on 127.0.0.1 until SIGTERM or SIGINT."""
    config = BrokerConfig(
        listeners={"default": ListenerConfig(bind=f"127.0.0.1:{port}")},
        plugins={
            "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": False},
        },
    )
    broker = Broker(config)
    await broker.start()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await stopping.wait()
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
