"""Where the readings are kept, as the environment says; keys are told to nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from tanfeng.errors import ModelError
from tanfeng.metering.place import readings_place
from tanfeng.metering.store import Store

FOLDER = Path("/srv/home/metering")


@pytest.mark.parametrize(
    ("said", "uri"),
    [
        ("", "/srv/home/metering/readings"),
        ("/data/readings", "/data/readings"),
        ("file:///data/readings", "/data/readings"),
        ("s3://energy/readings", "s3://energy/readings"),
        (
            "abfss://box@account.dfs.core.windows.net/r",
            "abfss://box@account.dfs.core.windows.net/r",
        ),
    ],
)
def test_a_folder_or_an_object_store(said, uri):
    place = readings_place(FOLDER, {"TANFENG_READINGS": said, "OTHER": "x"})
    assert (place.uri, place.storage_options) == (uri, None)


def test_an_object_store_gets_its_own_variables_and_shows_none():
    environ = {
        "TANFENG_READINGS": "s3://energy/readings",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9000",
        "AWS_ALLOW_HTTP": "true",
        "AWS_SECRET_ACCESS_KEY": "very secret",
        "AWS_SESSION_TOKEN": "",
        "DATABASE_URL": "postgres://x",
    }
    place = readings_place(FOLDER, environ)
    assert place.storage_options == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9000",
        "AWS_ALLOW_HTTP": "true",
        "AWS_SECRET_ACCESS_KEY": "very secret",
    }
    assert "very secret" not in repr(place)
    # A folder of this machine needs no keys.
    assert readings_place(FOLDER, {**environ, "TANFENG_READINGS": "/r"}).storage_options is None


@pytest.mark.parametrize("said", ["http://x/y", "s3://", "s3://key:secret@bucket/x"])
def test_what_is_no_place_is_refused_without_repeating_it(said):
    with pytest.raises(ModelError) as caught:
        readings_place(FOLDER, {"TANFENG_READINGS": said})
    assert "TANFENG_READINGS" in caught.value.message("zh")
    assert "secret" not in str(caught.value)


def test_a_store_whose_server_is_not_there_says_so_without_its_keys():
    environ = {
        "TANFENG_READINGS": "s3://energy/readings",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "x",
        "AWS_ACCESS_KEY_ID": "an-id-of-mine",
        "AWS_SECRET_ACCESS_KEY": "very secret",
        "AWS_MAX_RETRIES": "0",
    }
    place = readings_place(FOLDER, environ)
    store = Store(place.uri, place.storage_options)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whichever library says it
        store.version()
    assert "very secret" not in str(caught.value)
    assert "an-id-of-mine" not in str(caught.value)
