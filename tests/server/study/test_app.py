"""The server of a study: what it tells, what it takes, what it refuses."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from acutance.server.http.guard import Guard
from acutance.server.security.origins import Origins
from acutance.server.security.rate_limit import RequestRate
from acutance.server.study.serve.app import StudyHost, create_app
from acutance.server.study.votes import Votes
from tests.server.study.simulated import CCR, prepared

type Client = TestClient  # type: ignore[type-arg]

ENROL = {"consent": True, "language": "en"}
TIMING = {"shown_ms": 1, "vote_ms": 2, "plays": 1, "skipped_frames": 0, "changes": 1}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    study, manifest = prepared(tmp_path, CCR + "[session]\nmax_raters = 3\n")
    folder = study.located(study.folder)
    for stimulus in manifest.stimuli.values():
        (folder / stimulus.file).write_bytes(b"clip " + stimulus.key.encode())
    host = StudyHost(study, manifest, Votes.open(folder, study.digest))
    guard = Guard(origins=Origins(loopback_only=True), rate=RequestRate(120))
    async with TestClient(TestServer(create_app(host, guard))) as client:
        yield client


async def enrolled(client: Client) -> dict[str, object]:
    response = await client.post("/raters", json=ENROL)
    assert response.status == 201
    rater: dict[str, object] = await response.json()
    return rater


async def test_the_page_and_its_modules_are_served_with_a_strict_policy(client: Client) -> None:
    page = await client.get("/")
    assert "static/study/main.js" in await page.text()
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for path in ("/static/study/main.js", "/static/choices.js"):
        assert (await client.get(path)).status == 200
    for path in ("/static/../pyproject.toml", "/static/%2e%2e/pyproject.toml", "/static/study", "/static/a%00"):
        assert (await client.get(path)).status == 404


async def test_a_rater_is_told_nothing_that_gives_a_treatment_or_a_check_away(client: Client) -> None:
    told = str(await (await client.get("/study")).json()) + str(await enrolled(client))
    for secret in ("plain", "sharpened", "bad", "gold", "same", "reference", "clip-0", "practice"):
        assert secret not in told


async def test_votes_are_taken_in_order_and_survive_a_reload(client: Client) -> None:
    rater = await enrolled(client)
    url = f"/raters/{rater['id']}"
    first = {"position": 0, "vote": 2, "timing": TIMING}
    assert (await client.post(f"{url}/votes", json=first)).status == 204
    assert (await client.post(f"{url}/votes", json=first)).status == 204  # the response was lost
    assert (await client.post(f"{url}/votes", json=first | {"vote": 1})).status == 409
    assert (await client.post(f"{url}/votes", json=first | {"position": 3})).status == 409
    facts = {"right": {"acuity": 4}, "asked": {"acuity": 5}, "passed": {"acuity": True}}
    assert (await client.put(f"{url}/vision", json=facts)).status == 204
    again = await (await client.get(url)).json()
    assert (again["votes"], again["vision"], again["screen"]) == (1, True, False)
    assert again["trials"] == rater["trials"]


async def test_ten_votes_at_once_are_one(client: Client) -> None:
    rater = await enrolled(client)
    body = {"position": 0, "vote": 1, "timing": TIMING}
    responses = await asyncio.gather(*(client.post(f"/raters/{rater['id']}/votes", json=body) for _ in range(10)))
    assert {response.status for response in responses} == {204}
    assert (await (await client.get(f"/raters/{rater['id']}")).json())["votes"] == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("votes", {"position": 0, "vote": 4, "timing": TIMING}, 400),
        ("votes", {"position": 0, "vote": 1.5, "timing": TIMING}, 400),
        ("votes", {"position": 0, "vote": 1, "timing": TIMING | {"name": "x"}}, 400),
        ("votes", {"position": -1, "vote": 1, "timing": TIMING}, 400),
        ("votes", [], 400),
        ("votes", {"position": 0, "vote": 1, "timing": {"x": "y" * 9000}}, 413),
    ],
)
async def test_a_malformed_vote_is_refused(client: Client, path: str, body: object, status: int) -> None:
    rater = await enrolled(client)
    response = await client.post(f"/raters/{rater['id']}/{path}", json=body)
    assert response.status == status
    assert "message" in await response.json()


async def test_consent_is_needed_and_the_study_is_full_at_its_limit(client: Client) -> None:
    assert (await client.post("/raters", json=ENROL | {"consent": False})).status == 400
    for _ in range(3):
        await enrolled(client)
    response = await client.post("/raters", json=ENROL)
    assert response.status == 409
    assert (await response.json())["error"] == "full"


async def test_unknown_raters_clips_and_other_sites_are_refused(client: Client) -> None:
    assert (await client.get(f"/raters/{'0' * 32}")).status == 404
    assert (await client.get("/raters/1")).status == 404
    assert (await client.get(f"/clips/{'0' * 16}.mp4")).status == 404
    assert (await client.get("/clips/votes.sqlite")).status == 404
    foreign = await client.post("/raters", json=ENROL, headers={"Origin": "https://example.org"})
    assert foreign.status == 403
    rebound = await client.get("/study", headers={"Host": "example.org"})
    assert rebound.status == 421


async def test_a_clip_may_be_kept_by_the_browser_and_is_read_in_parts(client: Client) -> None:
    rater = await enrolled(client)
    name = rater["trials"][0]["clip"]  # type: ignore[index]
    whole = await client.get(f"/clips/{name}")
    assert await whole.read() == b"clip " + name.removesuffix(".mp4").encode()
    assert "immutable" in whole.headers["Cache-Control"]
    part = await client.get(f"/clips/{name}", headers={"Range": "bytes=0-3"})
    assert (part.status, await part.read()) == (206, b"clip")


async def test_too_many_requests_of_one_client_are_refused(client: Client) -> None:
    statuses = [(await client.post("/raters", json={})).status for _ in range(40)]
    assert statuses[0] == 400
    assert 429 in statuses
