"""An installed Firefox, driven by WebDriver BiDi, which it implements itself: no driver has to be installed.

https://w3c.github.io/webdriver-bidi/: commands and answers are JSON over a WebSocket.
"""

import asyncio
import itertools
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

MISSING = "no Firefox found: install one (Debian: apt-get install firefox-esr) or name it in ACUTANCE_FIREFOX"
_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_START_S = 60.0
# A fake camera without a prompt, and no requests to third parties.
_PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.gmp-manager.updateEnabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.enabled": False,
}


def find_firefox() -> str | None:
    """Return the program to run: $ACUTANCE_FIREFOX, else the first of the usual names on the path."""
    return os.environ.get("ACUTANCE_FIREFOX") or next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)


class Tab:
    """The one tab of a running Firefox."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse):
        self._socket = socket
        self._ids = itertools.count(1)
        self._context = ""

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result."""
        sent = next(self._ids)
        await self._socket.send_json({"id": sent, "method": method, "params": parameters})
        while True:
            answer = await self._socket.receive_json(timeout=30)
            if answer.get("id") == sent:
                assert answer["type"] == "success", answer
                result: dict[str, Any] = answer["result"]
                return result

    async def open(self, url: str) -> None:
        await self.command("session.new", capabilities={})
        tree = await self.command("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]
        await self.command("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def evaluate(self, expression: str) -> Any:
        """Return the value of an expression, which must be JSON, in the page."""
        answer = await self.command(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression}) ?? null))()",
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        assert answer["type"] == "success", answer
        return json.loads(answer["result"]["value"])

    async def wait_for(self, expression: str, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while not await self.evaluate(expression):  # noqa: ASYNC110 - the page has no event for us
                await asyncio.sleep(0.25)


@asynccontextmanager
async def running_firefox(program: str, profile: Path) -> AsyncIterator[Tab]:
    """Run it without a window until the block ends."""
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in _PREFERENCES.items()]
    (profile / "user.js").write_text("".join(lines))
    process = await asyncio.create_subprocess_exec(
        program, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    reading: asyncio.Task[bytes] | None = None
    try:
        async with asyncio.timeout(_START_S):
            while not (found := _LISTENING.search((await process.stderr.readline()).decode(errors="replace"))):
                assert process.returncode is None, f"Firefox ended with {process.returncode}"
        reading = asyncio.create_task(process.stderr.read())  # a full pipe would stop it
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{found[1]}/session") as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        await process.wait()
        if reading is not None:
            await reading
