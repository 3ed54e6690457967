"""Python's garbage collector in the engine's process, which makes much that is soon gone and keeps little in circles.

Not for a process that serves sockets: closed ones are circles, and fifty megabytes of them wait until they are looked for.
"""

import gc

YOUNG = 10_000  # objects made before the young ones are looked through; Python's own 700 is a dozen signals


def settle() -> None:
    """What stands now stays for good and is never looked through again, the rest more seldom: 5 % of the engine's time. Call
    it once everything is imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 5)
