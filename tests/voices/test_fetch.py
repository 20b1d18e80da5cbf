"""Downloads from a real server with every bad habit."""

from __future__ import annotations

import socket

import pytest

from tests.disk import mounted
from tests.voices.made import DATA, OTHER, SHORT, catalogue, digest, item
from wakegen.core.errors import DeviceError, StorageError
from wakegen.core.events import Notice, Progress
from wakegen.voices.pull import pull


def pulled(tmp_path, *urls: str, **more):
    """Pull joe from these addresses."""
    return pull(("joe",), catalogue=catalogue(tmp_path, item("joe", list(urls))), timeout_s=0.3, **more)


def half(folder, data: bytes = DATA[:SHORT]):
    part = folder / "piper" / "joe.onnx.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(data)
    return part


def held(folder) -> list[str]:
    """What lies in the folder of voices, the lock apart."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != ".lock"
    )


def test_a_file_is_pulled_checked_and_named(folder, server, tmp_path):
    result = pulled(tmp_path, f"{server.url}/ok/joe.onnx")
    assert (folder / "piper" / "joe.onnx").read_bytes() == DATA
    assert held(folder) == ["piper/joe.onnx"]
    assert [(one.name, one.state, one.sources) for one in result.items] == [
        ("joe", "pulled", (f"{server.url}/ok/joe.onnx",))
    ]


def test_what_is_there_is_not_pulled_again(folder, server, tmp_path):
    pulled(tmp_path, f"{server.url}/ok/joe.onnx")
    server.asked.clear()
    result = pulled(tmp_path, f"{server.url}/ok/joe.onnx")
    assert [one.state for one in result.items] == ["there"]
    assert server.asked == []


def test_a_file_of_another_content_is_pulled_anew_and_said(folder, server, tmp_path):
    target = folder / "piper" / "joe.onnx"
    target.parent.mkdir(parents=True)
    target.write_bytes(OTHER)
    events = []
    pulled(tmp_path, f"{server.url}/ok/joe.onnx", on_event=events.append)
    assert target.read_bytes() == DATA
    assert any(isinstance(event, Notice) and "pulled anew" in event.message for event in events)


def test_a_download_goes_on_where_it_stopped(folder, server, tmp_path):
    half(folder)
    pulled(tmp_path, f"{server.url}/ok/joe.onnx")
    assert server.asked == [("/ok/joe.onnx", f"bytes={SHORT}-")]
    assert (folder / "piper" / "joe.onnx").read_bytes() == DATA


def test_a_part_that_is_whole_asks_nothing_of_the_server(folder, server, tmp_path):
    half(folder, DATA)
    pulled(tmp_path, f"{server.url}/ok/joe.onnx")
    assert server.asked == []
    assert held(folder) == ["piper/joe.onnx"]


@pytest.mark.parametrize("habit", ["norange", "out"])
def test_a_server_without_ranges_gives_the_whole_file(folder, server, tmp_path, habit):
    half(folder)
    pulled(tmp_path, f"{server.url}/{habit}/joe.onnx")
    assert (folder / "piper" / "joe.onnx").read_bytes() == DATA


def test_a_part_longer_than_the_file_is_begun_afresh(folder, server, tmp_path):
    half(folder, DATA + b"more")
    pulled(tmp_path, f"{server.url}/ok/joe.onnx")
    assert server.asked == [("/ok/joe.onnx", None)]


def test_a_part_longer_than_the_file_does_not_hide_that_the_host_is_down(folder, tmp_path):
    half(folder, DATA + b"more")
    with pytest.raises(DeviceError):
        pulled(tmp_path, "http://127.0.0.1:9/joe.onnx")


@pytest.mark.parametrize("junk", [OTHER[:SHORT], OTHER])
def test_a_part_that_comes_out_wrong_is_fetched_once_afresh(folder, server, tmp_path, junk):
    half(folder, junk)
    pulled(tmp_path, f"{server.url}/ok/joe.onnx")
    assert (folder / "piper" / "joe.onnx").read_bytes() == DATA
    assert server.asked[-1] == ("/ok/joe.onnx", None)


def test_a_line_that_is_cut_again_and_again_is_picked_up_again_and_again(folder, server, tmp_path):
    pulled(tmp_path, f"{server.url}/cut/joe.onnx")
    assert (folder / "piper" / "joe.onnx").read_bytes() == DATA
    assert [asked for _, asked in server.asked] == [None, *(f"bytes={n * SHORT}-" for n in (1, 2, 3))]


def test_a_wrong_hash_is_refused_with_both_hashes_and_leaves_nothing(folder, server, tmp_path):
    with pytest.raises(DeviceError) as caught:
        pulled(tmp_path, f"{server.url}/wrong/joe.onnx")
    assert digest(DATA) in str(caught.value)
    assert digest(OTHER) in str(caught.value)
    assert held(folder) == []


TROUBLE = {
    "404": ("404/joe.onnx", "HTTP 404"),
    "500": ("500/joe.onnx", "HTTP 500"),
    "stalls": ("stalls/joe.onnx", "sent nothing for 0.3 s"),
    "cut for good": ("norangecut/joe.onnx", "broke off after 100000 of 307200 bytes"),
    "another size": ("ok/other.onnx", "the catalogue says 307200"),
}


@pytest.mark.parametrize("habit", TROUBLE)
def test_a_source_that_fails_is_said_and_the_next_is_tried(folder, server, tmp_path, habit):
    server.files["other.onnx"] = b"small"
    path, said = TROUBLE[habit]
    events = []
    other = server.url.replace("127.0.0.1", "localhost")  # another host, as far as being down goes
    pulled(tmp_path, f"{server.url}/{path}", f"{other}/ok/joe.onnx", on_event=events.append)
    assert (folder / "piper" / "joe.onnx").read_bytes() == DATA
    warnings = [event.message for event in events if isinstance(event, Notice) and event.level == "warning"]
    assert len(warnings) == 1
    assert said in warnings[0]


def test_a_server_that_sends_more_than_the_file_is_read_no_further(folder, server, tmp_path):
    pulled(tmp_path, f"{server.url}/endless/joe.onnx")
    assert (folder / "piper" / "joe.onnx").read_bytes() == DATA


def test_when_all_sources_fail_each_is_named_with_its_reason_and_what_came_is_kept(folder, server, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: the system refuses
        dead = f"http://127.0.0.1:{taken.getsockname()[1]}/joe.onnx"
        with pytest.raises(DeviceError) as caught:
            pulled(tmp_path, f"{server.url}/404/joe.onnx", dead, f"{server.url}/norangecut/joe.onnx")
    for said in (
        "/404/joe.onnx: answers HTTP 404",
        f"{dead}: cannot be reached: Connection refused",
        "broke off after",
    ):
        assert said in str(caught.value)
    assert "--from" in caught.value.hint
    assert (folder / "piper" / "joe.onnx.part").stat().st_size == SHORT


def test_a_host_that_is_down_is_asked_once(folder, server, tmp_path):
    path = catalogue(tmp_path, *(item(name, [f"{server.url}/503/{name}"]) for name in ("a", "b", "c")))
    with pytest.raises(DeviceError, match="And 2 more files"):
        pull(catalogue=path)
    assert len(server.asked) == 1


def test_one_voice_that_cannot_be_had_does_not_keep_the_others_back(folder, server, tmp_path):
    path = catalogue(
        tmp_path, item("gone", [f"{server.url}/404/gone.onnx"]), item("joe", [f"{server.url}/ok/joe.onnx"])
    )
    with pytest.raises(DeviceError, match="gone"):
        pull(catalogue=path)
    assert held(folder) == ["piper/joe.onnx"]


def test_progress_adds_up_to_the_size_even_where_a_part_is_thrown_away(folder, server, tmp_path):
    half(folder, OTHER[:SHORT])
    events = []
    pulled(tmp_path, f"{server.url}/ok/joe.onnx", on_event=events.append)
    told = [event for event in events if isinstance(event, Progress)]
    assert sum(event.done for event in told) == len(DATA) // 1000
    assert min(event.done for event in told) > 0


def test_a_dry_run_says_what_would_be_pulled_and_touches_nothing(folder, server, tmp_path):
    result = pulled(tmp_path, f"{server.url}/ok/joe.onnx", dry_run=True)
    assert [one.state for one in result.items] == ["to pull"]
    assert "to pull: piper joe, 0.3 MB, CC0-1.0" in result.to_text()
    assert not folder.exists()
    assert server.asked == []


def test_a_full_disk_is_told_apart_from_a_failed_network(folder, server, tmp_path):
    with mounted(folder, size_kb=128), pytest.raises(StorageError, match="disk is full"):
        pulled(tmp_path, f"{server.url}/ok/joe.onnx")


def test_a_folder_that_cannot_be_made_is_named(folder, server, tmp_path):
    folder.parent.parent.write_text("a file where a folder should be")
    with pytest.raises(StorageError) as caught:
        pulled(tmp_path, f"{server.url}/ok/joe.onnx")
    assert "WAKEGEN_VOICES" in caught.value.hint
