"""Replays price files through the whole engine, at the prices' own time, with a desk at work: what the pictures show.

python -m scripts.pictures.replaying FILE...
"""

import os
import sys
from pathlib import Path

import django

from scripts.pictures.clock import MarketClock, installed


def replay(clock: MarketClock, files: list[Path]) -> None:
    from engine.domain.intervals import interval_name
    from engine.market.feeds import prices_publish, slices_of
    from engine.market.instruments import instruments_add_unknown
    from engine.market.readers import bars_by_time, survey
    from engine.market.replay import SOURCE
    from engine.processing import run_until_idle
    from scripts.pictures.story import Story

    found = survey(files)
    instruments_add_unknown(symbols=found.symbols)
    story = Story(begins=min(file.first for file in found.files), ends=max(file.last for file in found.files))
    for bars in bars_by_time(found.files):
        for prices in slices_of(bars, found.interval):
            clock.set(prices.at)
            story.go_on(prices.at)
            prices_publish(
                at=prices.at,
                source=SOURCE,
                interval=interval_name(found.interval),
                prices=prices.prices,
                bars=prices.bars,
                now=clock(),
            )
            run_until_idle()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quantumleap.settings")
    market_clock = installed()
    django.setup()
    replay(market_clock, [Path(name) for name in sys.argv[1:]])
    print("Replayed up to", market_clock())
