"""What can be said of the deployment files without Docker: all that they name is there, and nothing secret is in them."""

import re
import shlex
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command, get_commands, load_command_class

from tests.support.reach import BASE_DIR

DEPLOY = BASE_DIR / "deploy"
SETTINGS = (BASE_DIR / "quantumleap" / "settings.py").read_text()


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions: (name, the rest), continued lines joined."""
    lines = [line for line in (DEPLOY / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line.strip()]


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def sources() -> list[str]:
    """What the Dockerfile copies out of the repository."""
    copies = [shlex.split(rest) for name, rest in instructions() if name == "COPY" and "--from" not in rest]
    return [source for copy in copies for source in copy[:-1]]


def test_the_dockerfile_is_of_known_instructions_in_stages() -> None:
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
    names = [name for name, _ in instructions()]
    assert set(names) <= known
    assert names.count("FROM") == 3
    assert names[0] == "FROM"


def test_all_that_the_image_is_made_of_exists_and_is_let_through() -> None:
    let_through = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")]
    assert {"requirements.lock", "package-lock.json"} <= set(sources())
    for source in sources():
        assert (BASE_DIR / source).exists(), source
        assert any(fnmatch(source, pattern) for pattern in let_through), f"{source} is left out by the .dockerignore"
    assert sorted(let_through) == sorted(sources())


def test_the_image_comes_from_the_lock_files_and_does_not_run_as_root() -> None:
    runs = " ".join(rest for name, rest in instructions() if name == "RUN")
    assert "npm ci " in runs
    assert "--require-hashes -r requirements.lock" in runs
    assert "collectstatic" in runs
    last_stage = [name for name, _ in instructions()]
    last_stage = last_stage[len(last_stage) - last_stage[::-1].index("FROM") :]
    assert last_stage.index("USER") < last_stage.index("ENTRYPOINT")
    assert "RUN" not in last_stage[last_stage.index("USER") :]


def test_all_packages_that_the_settings_and_the_code_need_are_in_the_image() -> None:
    copied = {Path(source).parts[0] for source in sources()}
    needed = set(re.findall(r'BASE_DIR / "(\w+)', SETTINGS)) - {"var", "staticfiles", "node_modules"}
    assert needed <= copied
    assert {"engine", "dashboard", "quantumleap", "manage.py"} <= copied


@pytest.mark.slow
def test_collectstatic_finds_every_file(tmp_path: Path, settings: Any) -> None:
    settings.STATIC_ROOT = tmp_path
    call_command("collectstatic", "--no-input", "--verbosity", "0")
    for name in (
        "css/app.css",
        "js/live.js",
        "vendor/tabler/css/tabler.min.css",
        "vendor/uplot/uPlot.esm.js",
        "admin/css/base.css",
    ):
        assert (tmp_path / name).is_file(), name


def test_compose_runs_two_web_processes_behind_nginx_and_two_engines() -> None:
    services = compose()["services"]
    assert set(services) == {"postgres", "redis", "migrate", "web1", "web2", "engine", "nginx"}
    assert services["engine"]["deploy"]["replicas"] == 2
    upstreams = re.findall(r"server (\w+):8000 ", (DEPLOY / "nginx.conf").read_text())
    assert upstreams == ["web1", "web2"]
    for name in ("postgres", "redis", "web1", "web2", "nginx"):
        assert services[name]["healthcheck"]["test"], name
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in compose()["volumes"]


def test_no_secret_stands_in_a_file() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "ALLOWED_HOSTS"):
        assert f"${{{name}:?" in text, f"{name} must come from the environment, and be required"
    for service in compose()["services"].values():
        for key, value in service.get("environment", {}).items():
            assert not re.search("KEY|PASSWORD|SECRET", key) or value.startswith("${"), key


@pytest.mark.parametrize("service", ["web1", "engine"])
def test_compose_sets_only_what_the_settings_read_and_calls_commands_that_exist(service: str) -> None:
    described = compose()["services"][service]
    read = set(re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', SETTINGS))
    assert set(described["environment"]) <= read
    check_command(described["command"])


def check_command(words: list[str]) -> None:
    """Raises where the command or one of its options does not exist."""
    name, *arguments = words
    command = load_command_class(get_commands()[name], name)
    command.create_parser("manage.py", name).parse_args(arguments)


def test_the_procfile_calls_commands_that_exist() -> None:
    lines = (DEPLOY / "Procfile").read_text().replace("$PORT", "5000").splitlines()
    processes = dict(line.split(": ", 1) for line in lines)
    assert set(processes) == {"web", "engine", "release"}
    for line in processes.values():
        for part in line.split(" && "):
            assert part.startswith("python manage.py ")
            check_command(shlex.split(part)[2:])
