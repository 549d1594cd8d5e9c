"""The pages in a real browser."""

import os
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.integration.server import Embedded, Server, example, ran, wait_for

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--virtual-time-budget=4000", "--window-size=1200,1600",
)


def shown(url: str, folder: Path, *, zone: str = "UTC") -> str:
    """The document as the browser has it once its scripts have run, where clocks show the time of this zone.
    """
    chromium = shutil.which("chromium")
    assert chromium is not None
    done = subprocess.run(
        [chromium, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", url],
        capture_output=True, text=True, timeout=600, check=True, env=os.environ | {"TZ": zone},
    )
    return done.stdout


@pytest.fixture(scope="module")
def finished(shared: Server) -> int:
    """A run that has ended."""
    number = shared.submit(example("maze-5x5"))
    wait_for(lambda: shared.run(number)["state"] == "SUCCEEDED", what="the end of the run")
    return number


def test_the_page_of_a_run_shows_chart_maze_and_network(
    shared: Server, finished: int, tmp_path: Path
) -> None:
    page = shown(f"{shared.url}/runs/{finished}", tmp_path)
    assert re.search(r'<span class="state solved">solved</span>', page)
    assert re.search(r"<canvas[^>]*(width|style)=", page), "the chart was not drawn"
    assert "<svg" in page


def test_the_page_of_a_run_shows_the_frames_of_an_episode_that_a_worker_has_replayed(
    shared: Server, tmp_path: Path
) -> None:
    number = shared.submit({
        "version": 1, "kind": "weight_evolution", "name": "ice",
        "environment": {"type": "gymnasium", "id": "FrozenLake-v1"},
        "network": {"hidden": [4]}, "strategy": {"type": "genetic", "population_size": 8},
        "stop": {"max_generations": 1},
    })
    wait_for(lambda: shared.run(number)["state"] == "SUCCEEDED", what="the end of the run")
    champion = (
        "query($number:Int!){instance(by:{number:$number}){champion{id episodesMissing replays{state}}}}"
    )
    agent = shared.graphql(champion, number=number)["instance"]["champion"]
    assert agent["episodesMissing"] is not None
    shared.graphql(
        "mutation($id:ID!){requestReplay(input:{agent:$id}){userErrors{message}}}", id=agent["id"]
    )

    def is_done() -> bool:
        replays = shared.graphql(champion, number=number)["instance"]["champion"]["replays"]
        return bool([each["state"] for each in replays] == ["DONE"])

    wait_for(is_done, what="the replay")

    def is_drawn() -> bool:  # decoding takes the browser's own time, which its budget does not count
        film = re.search(r'<canvas[^>]*id="film"[^>]*>', shown(f"{shared.url}/runs/{number}", tmp_path))
        assert film is not None
        return "hidden" not in film[0]

    wait_for(is_drawn, what="the first frame")


def test_graphiql_works_without_internet(shared: Server, tmp_path: Path) -> None:
    page = shown(f"{shared.url}/graphql", tmp_path)
    assert "graphiql-container" in page
    assert "https://" not in re.sub(r"<a[^>]*>|https://(github|graphql|spec)\.[^\"' ]*", "", page)


def test_a_new_server_offers_examples_to_run_and_its_login_link_opens_the_admin_once(tmp_path: Path) -> None:
    server = Embedded(tmp_path / "data")
    server.start()
    page = shown(server.url, tmp_path)
    assert page.count("<button") >= 3
    assert "maze-5x5" in page
    assert server.process is not None
    assert server.process.stdout is not None
    lines = iter(server.process.stdout.readline, "")
    link = next(line.split()[1] for line in lines if line.startswith("admin"))
    page = shown(link, tmp_path)
    assert "Instances" in page
    assert server.get(link.removeprefix(server.url))[0] == 403
    code, printed, _ = ran("login", folder=tmp_path / "data")
    assert code == 0
    assert printed.startswith(f"{server.url}/"), "the port in use"
    server.stop()


def test_times_are_the_readers_own_and_have_a_date(shared: Server, finished: int, tmp_path: Path) -> None:
    page = shown(f"{shared.url}/runs/{finished}", tmp_path, zone="Asia/Tokyo")
    times = re.findall(r'<time datetime="([^"]+)"[^>]*>([^<]+)</time>', page)
    assert len(times) >= 3
    for told, text in times:
        there = datetime.fromisoformat(told).astimezone(ZoneInfo("Asia/Tokyo"))
        assert " ".join(text.split()) == local(there)


def local(there: datetime) -> str:
    """An instant as an American browser writes it."""
    return f"{there:%b} {there.day}, {there:%Y}, {there.hour % 12 or 12}:{there:%M:%S %p}"
