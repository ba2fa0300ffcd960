"""What can go wrong in a `World`, and a whole run of one."""

from typing import Final

from support.settling_network import LATE_MAX_MS, Document, kind_of
from support.settling_world import QUEUE_AMPLE, WRITING_MS, Cast, ViolationError, World

HISTORY_SHOWN: Final = 60
KINDS: Final = (
    "link",
    "flap",
    "uplink",
    "broker",
    "recorder",
    "reboot",
    "backup",
    "overflow",
    "refusal",
    "forgery",
    "late",
    "erasure",
    "shuffle",
)


class Mishaps:
    """Chooses for one run what goes wrong in it, and when."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        kinds = [kind for kind in KINDS if self._random.random() < 0.45]
        for kind in kinds:
            for _ in range(self._random.choice([1, 1, 2, 4])):
                world.agenda.at(self._random.randint(0, WRITING_MS), getattr(self, f"_{kind}"))

    def _after(self, longest_ms: int) -> int:
        return self._random.randint(10, longest_ms)

    def _link(self) -> None:
        """Cut one sender off for a while."""
        world, sender = self._world, self._random.choice(self._world.senders)
        world.agenda.note("link down", sender.sender_id)
        sender.link_up = False
        world.broker.drop(sender.sender_id)

        def up() -> None:
            sender.link_up = True

        world.agenda.after(self._after(8_000), up)

    def _flap(self) -> None:
        """Cut one sender off again and again, for no reason of its own."""
        world, sender = self._world, self._random.choice(self._world.senders)
        at_ms = world.agenda.now_ms
        for _ in range(8):
            at_ms += self._after(2_500)
            world.agenda.at(at_ms, lambda: world.broker.drop(sender.sender_id))

    def _uplink(self) -> None:
        """Cut the recorder off for a while."""
        world = self._world
        world.agenda.note("recorder's link down")
        world.recorder.link_up = False
        world.broker.unsubscribe()

        def up() -> None:
            world.recorder.link_up = True

        world.agenda.after(self._after(8_000), up)

    def _broker(self) -> None:
        """Kill the broker; it comes back by itself."""
        world = self._world
        world.agenda.note("broker dies")
        world.broker.crash()

        def up() -> None:
            world.broker.is_up = True

        world.agenda.after(self._after(5_000), up)

    def _recorder(self) -> None:
        """Kill the recorder; it comes back by itself."""
        world = self._world
        if world.recorder.is_up:
            world.agenda.note("recorder dies")
            world.recorder.crash()
            world.agenda.after(self._after(5_000), self._recorder_up)

    def _recorder_up(self) -> None:
        if not self._world.recorder.is_up:
            self._world.recorder.start()

    def _reboot(self) -> None:
        """Switch one sender off and on."""
        sender = self._random.choice(self._world.senders)
        if sender.is_up:
            self._world.agenda.note("reboot", sender.sender_id)
            sender.crash()
            self._world.agenda.after(
                self._after(4_000), lambda: None if sender.is_up else sender.start()
            )

    def _backup(self) -> None:
        """Take a backup; mostly, restore an old one later."""
        world = self._world
        world.agenda.note("backup")
        world.backups.append(world.recorder.journal.restored(-1))
        if self._random.random() < 0.7:
            world.agenda.after(self._after(WRITING_MS), self._restore)

    def _restore(self) -> None:
        world = self._world
        recorder = world.recorder
        if self._random.random() < 0.5:  # what the old one said last is still under way
            for (sender_id, _), receipt in recorder.last_words.items():
                world.broker.announce(sender_id, receipt, self._after(LATE_MAX_MS))
        journal = self._random.choice(world.backups).restored(len(world.journals))
        world.agenda.note("restored", journal.journal_id)
        world.journals[journal.journal_id] = journal
        if recorder.is_up:
            recorder.crash()
        recorder.start(journal)

    def _overflow(self) -> None:
        """Leave the broker hardly any room for a while."""
        broker = self._world.broker
        broker.queue_max = 1

        def ample() -> None:
            broker.queue_max = QUEUE_AMPLE

        self._world.agenda.after(self._after(6_000), ample)

    def _refusal(self) -> None:
        """Let the broker refuse everything for a while."""
        broker = self._world.broker
        broker.refuses = True

        def accept() -> None:
            broker.refuses = False

        self._world.agenda.after(self._after(3_000), accept)

    def _forgery(self) -> None:
        """Publish other bytes under a number that is in use."""
        world = self._world
        numbered = [
            (sender_id, name, truth)
            for (sender_id, (name, _)), truth in world.truths.items()
            if kind_of(truth.payload) != "nameless"
        ]
        if numbered and world.broker.is_up:
            sender_id, name, truth = self._random.choice(numbered)
            truth.forged = True
            forged = truth.payload.partition(b"|")[0] + b"|plain|forged|300"
            world.broker.inject(Document(sender_id, name, forged))

    def _late(self) -> None:
        """From now on some of what the recorder says comes twice, the second time much later."""
        self._world.recorder.lateness = self._random.choice([0.3, 1.0])

    def _erasure(self) -> None:
        """Erase a stream."""
        if self._random.random() < 0.3 and self._world.truths:
            sender_id, (name, _) = self._random.choice(list(self._world.truths))
            self._world.recorder.erase((sender_id, name))

    def _shuffle(self) -> None:
        """From now on redelivery changes the order."""
        self._world.broker.shuffles = True


def play(seed: int, cast: Cast | None = None, *, keep_history: bool = False) -> World:
    """Play one run to its end. Raises ViolationError, with the seed, if something must not be."""
    world = World(seed, cast, keep_history=keep_history)
    Mishaps(world)
    try:
        world.run_until(2 * WRITING_MS)
        world.mend()
        world.come_to_rest()
    except Exception as error:
        told = "\n".join((world.agenda.history or [])[-HISTORY_SHOWN:])
        raise ViolationError(
            f"seed {seed}, at {world.agenda.now_ms} ms: {error!r}\n{told}"
        ) from error
    return world
