"""Every command, variable, port, address and health check of the compose file is one that the code has."""

import ast
import importlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from celery.app.utils import find_app
from django.core.management import get_commands
from django.urls import resolve

from tests.deployment import files

SECRETS = {"SECRET_KEY": "only-for-this-test", "POSTGRES_PASSWORD": "onlyforthistest"}
LASTING = ("postgresql", "redis", "web", "worker", "trainer", "beat")
#: What uvicorn itself reads.
OF_UVICORN = {"FORWARDED_ALLOW_IPS"}


def test_all_services_are_there() -> None:
    assert set(files.services()) == {*LASTING, "migrate"}
    assert set(files.ours()) == {"migrate", "web", "worker", "trainer", "beat"}


# ---- Commands


def test_the_web_process_serves_an_application_that_there_is() -> None:
    module, _, name = files.command("web", SECRETS)[1].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("service", ["worker", "trainer", "beat"])
def test_celery_finds_its_application_and_its_command(service: str) -> None:
    from celery.bin.celery import celery

    program, flag, application, command, *arguments = files.command(service, SECRETS)
    assert (program, flag) == ("celery", "-A")
    assert find_app(application) is importlib.import_module("mlbackend.celery").application
    known = {option for parameter in celery.commands[command].params for option in parameter.opts}
    assert {word for word in arguments if word.startswith("-")} <= known
    assert "--without-heartbeat" not in arguments  # its health check counts on them


def test_uvicorn_knows_its_arguments() -> None:
    from uvicorn.main import main

    program, _, *arguments = files.command("web", SECRETS)
    context = main.make_context(program, ["mlbackend.asgi:application", *arguments], resilient_parsing=False)
    assert (context.params["host"], context.params["workers"]) == ("0.0.0.0", 2)


def test_migrate_is_a_command_of_manage_py() -> None:
    program, script, command, *_ = files.command("migrate", SECRETS)
    assert (program, script) == ("python", "manage.py")
    assert command in get_commands()
    assert (files.ROOT / script).is_file()


# ---- Variables


def test_every_variable_that_compose_gives_is_read_and_described() -> None:
    read = _read_by_settings()
    table = re.findall(r"^\| (`.*?) \|", (files.ROOT / "mlbackend/README.md").read_text(), re.MULTILINE)
    told = {name.strip("` ") for cell in table for name in cell.split(",")}
    for service in files.ours():
        given = set(files.environment(service, SECRETS)) - OF_UVICORN
        assert given <= read, service
        assert given <= told, service


def test_uvicorn_reads_the_variables_that_are_meant_for_it() -> None:
    import uvicorn.config

    source = Path(uvicorn.config.__file__).read_text()
    assert all(f'"{name}"' in source for name in OF_UVICORN)


def test_the_readme_tells_what_an_operator_may_set_and_the_defaults() -> None:
    section = (files.ROOT / "README.md").read_text().partition("## Production")[2].partition("\n## ")[0]
    told = dict(re.findall(r"^([A-Z_]+)=(.*)$", section, re.MULTILINE))
    assert told == {name: default or "" for name, default in files.variables().items()}


@pytest.mark.parametrize("service", ["migrate", "web", "worker", "trainer", "beat"])
def test_settings_accept_what_compose_gives(service: str) -> None:
    if service == "trainer":
        pytest.importorskip("torch")
    given = files.environment(service, SECRETS)
    settings = _settings(given)
    assert settings["SECRET_KEY"] == SECRETS["SECRET_KEY"]
    assert settings["ENGINE"] == "django.db.backends.postgresql"
    assert settings["CELERY_BROKER_URL"] == given["REDIS_URL"]
    assert settings["CSRF_TRUSTED_ORIGINS"] == []


def test_what_is_reached_from_elsewhere_is_closed() -> None:
    from api.access import is_loopback

    given = files.environment("web", SECRETS)
    assert files.command("web", SECRETS)[
        files.command("web", SECRETS).index("--host") + 1
    ] == given["BIND_ADDRESS"]
    assert not is_loopback(given["BIND_ADDRESS"])


def test_the_secrets_must_be_given_and_are_nowhere_written() -> None:
    must = {name for name, default in files.variables().items() if default is None}
    assert must == set(SECRETS)
    for name, service in files.services().items():
        for key, value in service.get("environment", {}).items():
            # that one may be empty: no scraper
            if key != "METRICS_TOKEN" and re.search("SECRET|PASSWORD|TOKEN|KEY", key):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), f"{name}: {key}"
        assert "env_file" not in service
    for name in files.ours():
        assert re.search(
            r"//evolution:\$\{POSTGRES_PASSWORD:\?[^}]+\}@",
            files.services()[name]["environment"]["DATABASE_URL"]
        )


# ---- Addresses


def test_database_and_broker_are_found_where_they_are() -> None:
    place = files.environment("postgresql", SECRETS)
    for service in files.ours():
        given = files.environment(service, SECRETS)
        database, broker = urlsplit(given["DATABASE_URL"]), urlsplit(given["REDIS_URL"])
        assert (database.hostname, database.port) == ("postgresql", 5432)
        assert (database.username, database.path) == (place["POSTGRES_USER"], f"/{place['POSTGRES_DB']}")
        assert database.password == place["POSTGRES_PASSWORD"]
        assert (broker.hostname, broker.port) == ("redis", 6379)
    check = " ".join(files.services()["postgresql"]["healthcheck"]["test"])
    assert f"-p 5432 -U {place['POSTGRES_USER']} -d {place['POSTGRES_DB']}" in check
    assert "--port 6379" in " ".join(files.command("redis", SECRETS))
    assert "-p 6379" in files.services()["redis"]["healthcheck"]["test"][1]


def test_only_the_web_is_published_and_only_on_this_machine() -> None:
    assert [name for name, service in files.services().items() if service.get("ports")] == ["web"]
    (published,) = files.services()["web"]["ports"]
    address, _, inside = files.filled(published, SECRETS).rsplit(":", 2)
    command = files.command("web", SECRETS)
    assert address == "127.0.0.1"
    assert inside == command[command.index("--port") + 1]
    assert files.of_image("EXPOSE") == [inside]


def test_the_health_check_of_the_web_asks_an_address_that_there_is() -> None:
    (url,) = re.findall(r"'(http://[^']+)'", files.image_health()[-1])
    asked, command = urlsplit(url), files.command("web", SECRETS)
    assert resolve(asked.path).url_name == "healthz"
    assert str(asked.port) == command[command.index("--port") + 1]
    assert asked.hostname in files.environment(
        "web", SECRETS | {"ALLOWED_HOSTS": "example.org"}
    )["ALLOWED_HOSTS"].split(",")
    assert "healthcheck" not in files.services()["web"]  # the image's


# ---- Health, order and end


@pytest.mark.parametrize(("seconds_ago", "code"), [(0.0, 0), (50.0, 0), (70.0, 1), (None, 1)])
@pytest.mark.parametrize("service", ["worker", "trainer", "beat"])
def test_workers_and_beat_are_well_while_their_pulse_is_fresh(
    service: str, seconds_ago: float | None, code: int, tmp_path: Path
) -> None:
    pulse = tmp_path / "pulse"
    if seconds_ago is not None:
        pulse.touch()
        os.utime(pulse, (time.time() - seconds_ago,) * 2)
    kind, program, *arguments = files.services()[service]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")
    ended = subprocess.run(
        [sys.executable, *arguments], env={"PULSE_FILE": str(pulse)}, check=False, capture_output=True
    )
    assert ended.returncode == code


@pytest.mark.parametrize("service", ["worker", "trainer", "beat"])
def test_the_pulse_can_be_written(service: str) -> None:
    folder = os.path.dirname(files.environment(service, SECRETS)["PULSE_FILE"])
    assert folder in files.services()[service]["tmpfs"]


@pytest.mark.parametrize("service", LASTING)
def test_whatever_lasts_is_watched_and_started_again(service: str) -> None:
    described = files.services()[service]
    assert described["restart"] == "unless-stopped"
    assert service == "web" or described["healthcheck"]["test"]


def test_each_waits_for_what_it_needs() -> None:
    healthy, done = {"condition": "service_healthy"}, {"condition": "service_completed_successfully"}
    for service in ("web", "worker", "beat"):
        assert files.services()[service]["depends_on"] == {
            "postgresql": healthy, "redis": healthy, "migrate": done
        }
    assert files.services()["migrate"]["depends_on"] == {"postgresql": healthy}
    assert files.services()["migrate"]["restart"] == "no"
    assert files.services()["migrate"]["healthcheck"] == {"disable": True}


@pytest.mark.parametrize("service", [*LASTING, "migrate"])
def test_nobody_is_root_and_nothing_writes_to_its_image(service: str) -> None:
    described = files.services()[service]
    assert described["user"] not in ("", "root", "0", "0:0")
    assert described["read_only"] is True
    assert described["cap_drop"] == ["ALL"]
    assert "privileged" not in described


@pytest.mark.parametrize("service", ["migrate", "web", "worker", "trainer", "beat"])
def test_ours_run_as_the_image_s_user_and_keep_kernels_and_data_sets_in_volumes(service: str) -> None:
    described = files.services()[service]
    assert files.of_image("USER") == [described["user"]]
    variables = ("EVOLUTION_CACHE_DIR", "DATASETS_FOLDER")
    for volume, variable in zip(described["volumes"], variables, strict=True):
        name, _, place = volume.partition(":")
        assert name in files.compose()["volumes"]
        assert f"{variable}={place}" in files.of_image("ENV")[0].split()


def test_any_number_of_workers_can_run_beside_each_other() -> None:
    worker = files.services()["worker"]
    assert not {"container_name", "hostname", "ports"} & set(worker)
    assert not {"--hostname", "-n"} & set(files.command("worker", SECRETS))
    assert "WORKER_NAME" not in files.environment("worker", SECRETS)


def test_a_worker_has_time_to_hand_back_what_it_holds() -> None:
    settings = _settings(files.environment("worker", SECRETS))
    assert _seconds(
        files.services()["worker"]["stop_grace_period"]
    ) > settings["SHIFT_SECONDS"] + settings["LEASE_SECONDS"]
    command = files.command("web", SECRETS)
    graceful = int(command[command.index("--timeout-graceful-shutdown") + 1])
    assert _seconds(files.services()["web"]["stop_grace_period"]) > graceful


def test_the_broker_keeps_nothing_and_refuses_rather_than_forgets() -> None:
    assert " ".join(files.command("redis", SECRETS)).endswith(
        "--save  --appendonly no --maxmemory-policy noeviction"
    )


def _read_by_settings() -> set[str]:
    """The names that settings.py reads through `env`."""
    tree = ast.parse((files.ROOT / "mlbackend/settings.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    }


def _settings(given: dict[str, str]) -> dict[str, object]:
    """What the settings of a process with these variables are."""
    names = ("SECRET_KEY", "CELERY_BROKER_URL", "CSRF_TRUSTED_ORIGINS", "LEASE_SECONDS", "SHIFT_SECONDS")
    script = (
        "import json; from mlbackend import settings as s;"
        f"print(json.dumps({{name: getattr(s, name) for name in {names!r}}} | "
        f"{{'ENGINE': s.DATABASES['default']['ENGINE']}}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=files.ROOT, env={"PATH": os.environ["PATH"], **given}, check=True,
        capture_output=True
    )
    found: dict[str, object] = json.loads(run.stdout)
    return found


def _seconds(duration: str) -> float:
    assert duration.endswith("s")
    return float(duration[:-1])
