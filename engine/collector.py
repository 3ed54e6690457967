"""Python's garbage collector. What an engine makes is soon gone, and little of it is in circles: it need not look often.

A process that serves sockets has to: closed ones are circles, and fifty megabytes of them wait until they are looked for.
"""

import gc

YOUNG = 10_000  # objects made before the young ones are looked through; Python's own 700 is a dozen signals


def keep() -> None:
    """What stands now stays for good and is never looked through again: that took a tenth of a second each time, in which
    nobody was answered. Call it once everything is imported."""
    gc.collect()
    gc.freeze()


def settle() -> None:
    """The same, and the rest is looked through more seldom: 5 % of the engine's time."""
    keep()
    gc.set_threshold(YOUNG, 10, 5)
