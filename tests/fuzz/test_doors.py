"""Every function that parses untrusted input accepts it or refuses it with a reason, at once."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acutance.server.security.jwt_keys import JwtVerifier, KeysError
from tests.fuzz import doors, mutation, seeds
from tests.fuzz.corpus import inputs
from tests.fuzz.doors import Door
from tests.fuzz.effort import share
from tests.fuzz.identity import AUDIENCE, ISSUER, Identity, access
from tests.fuzz.media import datagrams

_FRAGMENTS = list(inputs("fragment").values())
_MESSAGES = list(inputs("control").values())
_WISHES = ("type", "student", "strength", "enhance", "output_height", "max_bitrate")


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def bearer(identity: Identity, runner: asyncio.Runner) -> Door:
    return doors.bearer(access(identity.file), runner)


@pytest.fixture(scope="module")
def key_set(identity: Identity, runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Door:
    file = tmp_path_factory.mktemp("key-set") / "keys.json"

    def take(document: bytes) -> None:
        file.write_bytes(document)
        runner.run(JwtVerifier(ISSUER, AUDIENCE, str(file)).caller(identity.token()))

    return Door("key-set", take, (KeysError,))


@pytest.mark.parametrize("door", doors.DOORS, ids=lambda door: door.name)
def test_the_corpus_of_session_descriptions_and_settings(door: Door) -> None:
    for data in inputs(door.name).values():
        door.try_with(data)


def test_the_corpus_of_headers_and_key_sets(bearer: Door, key_set: Door) -> None:
    for door in (bearer, key_set):
        for data in inputs(door.name).values():
            door.try_with(data)


@share(0.16)
@given(mutation.mutated(seeds.DESCRIPTIONS))
def test_session_descriptions(sdp: bytes) -> None:
    doors.DESCRIPTION.try_with(sdp)


@share(0.10)
@given(
    mutation.mutated(seeds.OFFERS) | st.builds(mutation.as_json, mutation.objects("sdp", "type", "settings", "stream"))
)
def test_offers(body: bytes) -> None:
    doors.OFFER.try_with(body)


@share(0.05)
@given(st.sampled_from(seeds.OFFERS), mutation.objects(*_WISHES), mutation.VALUES)
def test_settings_and_names_beside_an_offer(seed: bytes, settings: dict[str, object], stream: object) -> None:
    try:
        body = json.loads(seed)
    except (ValueError, RecursionError):
        body = {}
    if isinstance(body, dict):
        doors.OFFER.try_with(mutation.as_json(body | {"settings": settings, "stream": stream}))


@share(0.002)
@given(
    st.sampled_from([b"[", b'{"sdp":', b'{"type":"offer","sdp":"v=0","settings":{"student":[']).flatmap(mutation.deep)
)
def test_nesting_without_end(body: bytes) -> None:
    for door in (doors.OFFER, doors.CANDIDATES, doors.CONTROL, doors.CONTROL_BYTES):
        door.try_with(body)
        door.try_with(body[:1000])


@share(0.10)
@given(mutation.mutated(_FRAGMENTS))
def test_fragments(fragment: bytes) -> None:
    doors.FRAGMENT.try_with(fragment)


@share(0.05)
@given(mutation.mutated(list(inputs("candidates").values())) | st.builds(mutation.as_json, mutation.VALUES))
def test_candidates_as_json(body: bytes) -> None:
    doors.CANDIDATES.try_with(body)


@share(0.05)
@given(mutation.mutated(_MESSAGES) | st.builds(mutation.as_json, mutation.objects(*_WISHES)))
def test_messages_of_the_data_channel(message: bytes) -> None:
    doors.CONTROL.try_with(message)
    doors.CONTROL_BYTES.try_with(message)


@share(0.05)
@given(
    mutation.mutated(list(inputs("forward").values())) | st.builds(mutation.as_json, mutation.objects("url", "token"))
)
def test_requests_for_a_forward_are_read_or_refused(body: bytes) -> None:
    doors.FORWARD.try_with(body)


@share(0.03)
@given(mutation.mutated(list(inputs("if-match").values())))
def test_entity_tags(tags: bytes) -> None:
    doors.TAG.try_with(tags)


@share(0.06)
@given(mutation.mutated(list(inputs("origin").values())))
def test_origins_and_hosts(origin: bytes) -> None:
    doors.ORIGIN.try_with(origin)


@share(0.04)
@given(mutation.mutated(list(inputs("token").values())))
def test_tokens_of_the_options(token: bytes) -> None:
    doors.TOKEN.try_with(token)


@share(0.05)
@given(data=st.data())
def test_bearers(bearer: Door, identity: Identity, data: st.DataObject) -> None:
    whole = [b"Bearer " + identity.token().encode(), *inputs("authorization").values()]
    bearer.try_with(data.draw(mutation.mutated(whole)))


@share(0.02)
@given(header=mutation.objects("alg", "kid", "typ", "crit"), claims=mutation.objects("exp", "iss", "aud", "sub", "nbf"))
def test_signed_tokens_of_any_content(
    bearer: Door, identity: Identity, header: dict[str, object], claims: dict[str, object]
) -> None:
    bearer.try_with(b"Bearer " + identity.signed(identity.header | header, claims))
    bearer.try_with(b"Bearer " + identity.signed(identity.header, identity.claims() | claims))


@share(0.02)
@given(data=st.data())
def test_key_sets(key_set: Door, identity: Identity, data: st.DataObject) -> None:
    keys = mutation.objects("keys", "jwks_uri") | st.lists(mutation.objects("kty", "crv", "x", "y", "kid", "alg")).map(
        lambda keys: {"keys": keys}
    )
    documents = mutation.mutated([identity.file.read_bytes(), *inputs("key-set").values()])
    key_set.try_with(data.draw(documents | st.builds(mutation.as_json, keys)))


def test_every_corpus_folder_is_read_by_a_test(request: pytest.FixtureRequest) -> None:
    corpus = Path(__file__).parent / "corpus"
    replayed = {door.name for door in doors.DOORS} | {"authorization", "key-set", "request", "options"}
    replayed |= {f"media-{door}" for door in (*datagrams.DOORS, "h264", "vp8")}
    assert {folder.name for folder in corpus.iterdir()} == replayed
