"""An event loop of one's own, whatever runs in this thread.

Playwright keeps a loop running in the thread that opened a browser, and refuses it to others; which
tests share a worker with a browser is left to chance.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor


def run_in_own_loop(main: Callable[[], Coroutine[object, object, None]]) -> None:
    """Run it to its end in a thread made for it; raises what it raises."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(main())).result()
