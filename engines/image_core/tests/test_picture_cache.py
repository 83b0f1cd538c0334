"""Decoded pictures are kept up to a limit, decoded once however many ask, and never mixed up."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engines.image_core import decode
from engines.image_core.picture_cache import PictureCache
from engines.media_v2.errors import UnsupportedMediaError
from tests.fixtures import png


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was really decoded."""
    seen: list[str] = []
    sound = decode.decode_picture

    def counted(content: bytes, name: str) -> object:
        seen.append(name)
        return sound(content, name)

    monkeypatch.setattr(decode, "decode_picture", counted)
    return seen


def test_the_same_bytes_are_decoded_once_whatever_they_are_called(decodes: list[str]) -> None:
    cache = PictureCache()
    first = cache.decoded(png(), "a")
    assert cache.decoded(png(), "b") is first
    assert decodes == ["a"]
    assert np.array_equal(cache.decoded(png(seed=2), "c"), decode.decode_picture(png(seed=2), "again"))


def test_nobody_can_write_into_what_others_see() -> None:
    """A layer that changed its source would change every later picture."""
    with pytest.raises(ValueError, match="read-only"):
        PictureCache().decoded(png(), "a")[0, 0, 0] = 1


def test_the_oldest_go_when_it_is_full(decodes: list[str]) -> None:
    """Asking again makes a picture young again."""
    one = 48 * 36 * 4
    cache = PictureCache(2 * one)
    for seed in (1, 2, 1, 3, 1, 2):
        cache.decoded(png(seed=seed), str(seed))
    assert decodes == ["1", "2", "3", "2"]


def test_a_picture_larger_than_the_cache_is_answered_and_not_kept(decodes: list[str]) -> None:
    cache = PictureCache(10)
    for _ in range(2):
        assert cache.decoded(png(), "a").shape == (36, 48, 4)
    assert decodes == ["a", "a"]


def test_many_threads_decode_once(decodes: list[str]) -> None:
    cache, gate = PictureCache(), threading.Barrier(8)

    def ask(_: int) -> int:
        gate.wait()
        return id(cache.decoded(png(300, 300), "a"))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert decodes == ["a"]


def test_a_fault_is_told_each_time_and_not_kept() -> None:
    cache = PictureCache()
    for _ in range(2):
        with pytest.raises(UnsupportedMediaError, match="upload"):
            cache.decoded(b"no picture", "upload")
