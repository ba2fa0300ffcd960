"""The queue is bounded by count and by bytes, and its books balance at every moment."""

import threading

from dermatrace.ingest.inbox import BATCH_MESSAGES_MAX, Inbox
from support.pipeline_bench import FakeArrival


def arrivals(count: int, *, size_bytes: int = 10) -> list[FakeArrival]:
    return [FakeArrival("t", b"x" * size_bytes) for _ in range(count)]


def assert_books_balance(inbox: Inbox) -> None:
    books = inbox.books()
    decided = sum(books.fates.values())
    assert books.received_count == decided + books.shed_count + books.in_flight_count


def test_arrivals_come_out_in_their_order_in_batches() -> None:
    inbox = Inbox()
    sent = arrivals(BATCH_MESSAGES_MAX + 1)
    for arrival in sent:
        inbox.put(arrival)
    first, second = inbox.take(0.0), inbox.take(0.0)
    assert [*first, *second] == sent
    assert len(second) == 1


def test_overflow_by_count_sheds_everything_until_reopened() -> None:
    inbox = Inbox(messages_max=3)
    for arrival in arrivals(5):
        inbox.put(arrival)
    assert inbox.books().shed_count == 2
    assert not inbox.must_reconnect(), "three still wait"
    assert len(inbox.take(0.0)) == 3
    assert not inbox.must_reconnect(), "three are in hand"
    inbox.put(arrivals(1)[0])
    assert inbox.books().shed_count == 3, "it would be stored before what it follows"
    inbox.decided({"stored": 3})
    assert inbox.must_reconnect()
    inbox.reopen()
    inbox.put(arrivals(1)[0])
    assert inbox.books().waiting_count == 1
    assert_books_balance(inbox)


def test_overflow_by_bytes_takes_the_one_that_goes_over_and_sheds_the_next() -> None:
    inbox = Inbox(waiting_max_bytes=100)
    for arrival in arrivals(4, size_bytes=60):
        inbox.put(arrival)
    books = inbox.books()
    assert (books.waiting_count, books.waiting_bytes, books.shed_count) == (2, 120, 2)
    inbox.take(0.0)
    assert inbox.books().waiting_bytes == 0


def test_shed_arrival_is_not_acknowledged() -> None:
    inbox = Inbox(messages_max=0)
    (arrival,) = arrivals(1)
    inbox.put(arrival)
    assert inbox.take(0.0) == []
    assert arrival.acknowledged == []


def test_wake_ends_a_wait_without_an_arrival() -> None:
    inbox = Inbox()
    taken: list[object] = []
    thread = threading.Thread(target=lambda: taken.append(inbox.take(30.0)))
    thread.start()
    inbox.wake()
    thread.join(10.0)
    assert taken == [[]]


def test_arrival_ends_a_wait() -> None:
    inbox = Inbox()
    taken: list[object] = []
    thread = threading.Thread(target=lambda: taken.append(len(inbox.take(30.0))))
    thread.start()
    inbox.put(arrivals(1)[0])
    thread.join(10.0)
    assert taken == [1]


def test_books_balance_at_every_moment_under_load() -> None:
    inbox = Inbox(messages_max=50)
    done = threading.Event()

    def receive() -> None:
        for arrival in arrivals(5_000):
            inbox.put(arrival)
            if inbox.must_reconnect():
                inbox.reopen()
        done.set()

    def record() -> None:
        while not done.is_set() or inbox.books().waiting_count:
            batch = inbox.take(0.001)
            if batch:
                inbox.decided({"stored": len(batch)})

    threads = [threading.Thread(target=receive), threading.Thread(target=record)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert_books_balance(inbox)
    for thread in threads:
        thread.join()
    books = inbox.books()
    assert (books.received_count, books.in_flight_count) == (5_000, 0)
