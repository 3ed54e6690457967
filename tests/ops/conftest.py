from collections.abc import Iterator

import pytest

from engine import metrics
from engine.health import probes
from engine.health.watcher import forget


@pytest.fixture(autouse=True)
def new_process() -> Iterator[None]:
    """What a process remembers between batches starts empty, as after a start."""
    metrics.forget()
    forget()
    probes._layer.forget()
    yield
    metrics.forget()
