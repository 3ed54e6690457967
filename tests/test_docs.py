"""The lists in the documents, held equal to the code."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import URLPattern, resolve

from dashboard.api import probes
from dashboard.api import urls as api_urls
from engine.domain.enums import Lane
from engine.domain.events import FULL_NAMES, Event, EventType, new_event
from engine.domain.orders import LIFE_CYCLE
from engine.models.accounts import USER_ID
from tests.support.reach import BASE_DIR

README = (BASE_DIR / "README.md").read_text()
API = (BASE_DIR / "docs" / "api.md").read_text()
PROOFS = (BASE_DIR / "docs" / "proofs.md").read_text()
ARCHITECTURE = (BASE_DIR / "docs" / "architecture.md").read_text()
SILENT = {"HEAD", "OPTIONS"}
DOCUMENTS = [BASE_DIR / "README.md", BASE_DIR / "CHANGELOG.md", *sorted((BASE_DIR / "docs").glob("*.md"))]


def table(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its first two lines."""
    section = re.split(r"^#+ ", text.split(f"## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_the_settings_table_lists_what_the_settings_read() -> None:
    read = re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', (BASE_DIR / "quantumleap" / "settings.py").read_text())
    assert sorted(row[0] for row in table(README, "Settings")) == sorted(read)


def test_nothing_but_the_settings_reads_the_environment() -> None:
    sources = [path for name in ("engine", "dashboard", "quantumleap") for path in (BASE_DIR / name).rglob("*.py")]
    readers = [path.name for path in sources if re.search(r"os\.(environ|getenv)\b", path.read_text())]
    assert [name for name in readers if name not in {"settings.py", "asgi.py"}] == []


def test_the_commands_table_lists_our_commands() -> None:
    ours = {name for name, app in get_commands().items() if app in {"engine", "dashboard"}}
    assert {row[0].removeprefix("manage.py ") for row in table(README, "Commands")} == ours


def test_the_proofs_table_lists_every_proof_and_each_has_a_control() -> None:
    proofs = {path.name: path.read_text() for path in (BASE_DIR / "tests" / "crash").glob("test_*.py")}
    assert {row[1] for row in table(PROOFS, "The proofs")} == set(proofs)
    for name, source in proofs.items():
        assert "def test_control_" in source, f"{name} has no control"


def test_the_events_table_lists_every_event_with_its_lane() -> None:
    def documented(event: Event) -> list[str]:
        return [event.type.value, FULL_NAMES.get(event.type, ""), event.lane.value]

    events = [new_event(event_type, "asha", datetime.now(UTC), {}) for event_type in EventType]
    assert [row[:3] for row in table(ARCHITECTURE, "Events")] == [documented(event) for event in events]


def test_the_life_of_an_order_is_the_table_that_moves_it() -> None:
    moves = [[status.value, trigger.value, after.value] for (status, trigger), after in LIFE_CYCLE.items()]
    assert table(ARCHITECTURE, "The life of an order") == moves


def test_the_lanes_table_lists_every_lane() -> None:
    assert [row[0] for row in table(ARCHITECTURE, "Log, work and lanes")] == [lane.value for lane in Lane]


def test_the_routes_table_lists_every_route_with_its_methods() -> None:
    def methods(pattern: URLPattern) -> str:
        view = getattr(pattern.callback, "cls", None)
        return ", ".join(sorted(set(view().allowed_methods) - SILENT)) if view else "GET"

    documented = {row[0]: row[1] for row in table(API, "Routes")}
    served = {
        address_of(pattern): methods(pattern) for pattern in api_urls.urlpatterns if "api/api" not in str(pattern.pattern)
    }
    assert documented == {address: found for address, found in served.items() if "?:" not in address}


def address_of(pattern: URLPattern) -> str:
    """The address that a pattern stands for, in the documents' way of writing."""
    text = str(pattern.pattern).removeprefix("^").removesuffix(r"/?\Z")
    return "/" + re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", text)


def test_the_errors_table_lists_every_code() -> None:
    sources = "".join(path.read_text() for path in (BASE_DIR / "dashboard" / "api").glob("*.py"))
    used = set(re.findall(r'\bcode ?= ?"([A-Z_]+)"', sources)) | set(re.findall(r'\d{3}, "([A-Z_]+)"\)', sources))
    assert {row[0] for row in table(API, "Errors")} - {"BAD_REQUEST"} == used - {"BAD_REQUEST"}


def test_curls_in_the_documents_name_routes_that_exist() -> None:
    paths = re.findall(r"\$base(/[\w/-]+)", API) + re.findall(r"127\.0\.0\.1:8000(/[\w/-]+)['?]", README + API)
    addresses = [path if path.startswith("/api") else f"/api/trading-engine{path}" for path in paths]
    assert [address for address in addresses if not resolves(address)] == []


def resolves(address: str) -> bool:
    return resolve(address).func is not probes.not_found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r'(?:\]\(|src="|srcset=")([^)"#:]+)[)"]', document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_files_and_folders_that_the_documents_name_exist() -> None:
    named = re.findall(r"`((?:engine|dashboard|quantumleap|tests)/[\w/.]*)`", README + ARCHITECTURE)
    assert [name for name in named if not (BASE_DIR / name).exists()] == []


def test_the_accounts_named_in_the_readme_are_possible() -> None:
    names = re.findall(r"open_account (\S+) ", README)
    assert "desk-1" in names
    assert [name for name in names if name != "|" and not re.fullmatch(USER_ID, name)] == []
