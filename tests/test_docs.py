"""The lists in the documents, held equal to the code."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import get_commands

from engine.domain.enums import Lane
from engine.domain.events import FULL_NAMES, Event, EventType, new_event
from engine.models.accounts import USER_ID
from tests.support.reach import BASE_DIR

README = (BASE_DIR / "README.md").read_text()
ARCHITECTURE = (BASE_DIR / "docs" / "architecture.md").read_text()
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


def test_the_events_table_lists_every_event_with_its_lane() -> None:
    def documented(event: Event) -> list[str]:
        return [event.type.value, FULL_NAMES.get(event.type, ""), event.lane.value]

    events = [new_event(event_type, "asha", datetime.now(UTC), {}) for event_type in EventType]
    assert [row[:3] for row in table(ARCHITECTURE, "Events")] == [documented(event) for event in events]


def test_the_lanes_table_lists_every_lane() -> None:
    assert [row[0] for row in table(ARCHITECTURE, "Log, work and lanes")] == [lane.value for lane in Lane]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_files_and_folders_that_the_documents_name_exist() -> None:
    named = re.findall(r"`((?:engine|dashboard|quantumleap|tests)/[\w/.]*)`", README + ARCHITECTURE)
    assert [name for name in named if not (BASE_DIR / name).exists()] == []


def test_the_account_named_in_the_readme_is_possible() -> None:
    (name,) = re.findall(r"open_account (\S+)", README)
    assert re.fullmatch(USER_ID, name)
