"""From the POST of a signal to an open page, and from one process to many pages."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from bench.load.http import LoadFailed
from bench.places import ACCOUNTS, Desk, child, desk_database, environment
from bench.result import Goal, Result, Scale, at_most, in_turn
from bench.servers import process, scaled, served
from tests.support.reach import BASE_DIR
from tests.support.server import Server, wait_for
from tests.support.services import free_port

RATE = 50  # signals a second, over all accounts in turn


def embedded(scale: Scale) -> list[Result]:
    with desk_database("sqlite") as desk, served(desk.url) as server:
        return latency(scale, desk, server, "embedded (SQLite, one process)", p50=20, p99=60)


def across_processes(scale: Scale) -> list[Result]:
    with desk_database("postgres") as desk, scaled(desk.url) as server:
        return latency(scale, desk, server, "scaled (PostgreSQL, Redis, web and engine apart)", p50=None, p99=100)


def latency(scale: Scale, desk: Desk, server: Server, how: str, *, p50: float | None, p99: float) -> list[Result]:
    options = ("--host", f"127.0.0.1:{server.port}", "--token", desk.token, "--session", desk.session)
    amount = ("--accounts", ACCOUNTS, "--rate", RATE, "--seconds", scale.of(10, 2))
    answers = [child("bench.load.push", *options, *amount) for _ in range(scale.repeats)]
    if any(answer["unseen"] for answer in answers):
        raise LoadFailed(f"signals were never pushed: {answers}")
    results = []
    for name, goal in (("p50", p50), ("p99", p99)):
        result = Result(f"POST of a signal → pushed to an open socket, {name}, {RATE}/s, {how}", "ms", _of(answers, name))
        goals = (at_most(result.ours, goal, "ms"),) if goal else ()
        note = f"{ACCOUNTS} accounts, each with a page of its own open" if name == "p50" else ""
        results.append(Result(result.what, "ms", result.runs, goals, note=note))
    return results


def _of(answers: list[dict[str, float]], name: str) -> tuple[float, ...]:
    return tuple(answer[name] for answer in answers)


def fan_out(scale: Scale) -> list[Result]:
    results = []
    for sockets in (200, 500, 900) if not scale.quick else (20,):
        lost: list[float] = []
        with desk_database("sqlite") as desk, push_server(desk) as ours, bare_broadcast() as bare:
            cookie = ("--cookie", f"sessionid={desk.session}")

            def p99(url: str, *more: str) -> float:
                found = child("bench.load.sockets", "--url", url, "--sockets", sockets, "--seconds", scale.of(8, 1), *more)
                if more:
                    lost.append(found["lost"] + found["ended"])
                return float(found["p99"])

            runs, limits = in_turn(scale, lambda: p99(ours, *cookie), lambda: p99(bare))
        result = Result(f"push of 1 kB at 4 Hz to {sockets} sockets of one process, p99", "ms", runs, (), "", limits)
        goals = (at_most(result.ratio or 0, 2, "× the limit's"), Goal("no frame lost", not any(lost)))
        results.append(Result(result.what, "ms", runs, goals, "a bare `websockets` broadcast, same clients", limits))
    return results


@contextmanager
def push_server(desk: Desk) -> Iterator[str]:
    port = free_port()
    with process("-m", "bench.inside.push_server", "--port", str(port), database_url=desk.url):
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/healthz"), "the server of the pushes")
        yield f"ws://127.0.0.1:{port}/ws/live/?topic=account/bench-000"


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def bare_broadcast() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.limits.broadcast"]
    with subprocess.Popen(command, cwd=BASE_DIR, env=environment(""), stdout=subprocess.PIPE, text=True) as server:
        try:
            yield f"ws://127.0.0.1:{server.stdout.readline().strip() if server.stdout else ''}"
        finally:
            server.terminate()
