"""What import-linter cannot say: rules on the text of the code itself."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.reach import BASE_DIR

OURS = ("engine", "dashboard", "quantumleap")
SOURCES = sorted(path for name in OURS for path in (BASE_DIR / name).rglob("*.py") if "migrations" not in path.parts)
SCRIPTS = sorted((BASE_DIR / "static").rglob("*.js"))
# where the channel layer itself may be named: the bus, the probe of its health, and what runs on its channels
LAYER_USERS = {
    "quantumleap/settings.py",
    "engine/bus.py",
    "engine/management/commands/engine.py",
    "engine/management/commands/serve.py",
    "dashboard/hub.py",
}
# what may raise anything: a handler, and a loop that has to outlive what it supervises
BROAD_EXCEPTS = {"engine/processing.py", "dashboard/hub.py"}


def name_of(path: Path) -> str:
    return path.relative_to(BASE_DIR).as_posix()


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", [path for path in SOURCES if name_of(path).startswith("engine/domain/")], ids=name_of)
def test_the_domain_imports_only_the_standard_library(path: Path) -> None:
    tops = {name.split(".")[0] for name in imported(ast.parse(path.read_text())) if not name.startswith("engine.domain")}
    assert tops <= set(sys.stdlib_module_names)


def test_only_the_bus_sends_on_the_channel_layer() -> None:
    sending = re.compile(r"get_channel_layer|channel_layer\.(send|group_send)|channels\.layers")
    users = {name_of(path) for path in SOURCES if sending.search(path.read_text())}
    assert users - LAYER_USERS == set()


def test_only_the_life_cycle_moves_an_orders_status() -> None:
    for path in SOURCES:
        if name_of(path).startswith(("engine/handlers/", "engine/domain/")) and path.name != "orders.py":
            assert not re.search(r"\border\.status\s*=[^=]", path.read_text()), name_of(path)


def test_broad_excepts_stand_where_work_is_supervised() -> None:
    broad = {name_of(path) for path in SOURCES if re.search(r"except( Exception)?( as \w+)?:", path.read_text())}
    assert broad - BROAD_EXCEPTS == set()


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 > 50] == []


def test_there_is_no_drawer_for_the_rest() -> None:
    assert [name_of(path) for path in SOURCES if path.stem in {"utils", "helpers", "common", "misc"}] == []


def test_scripts_stay_small() -> None:
    assert [name_of(path) for path in SCRIPTS if path.read_text().count("\n") > 150] == []
