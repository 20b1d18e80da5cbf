import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from wakegen.core.seeds import stream
from wakegen.scenes import rooms

HOMES = ("bedroom", "living_room", "kitchen", "office", "conference_room")


def t20_s(response: np.ndarray, hz: float) -> float:
    """Give the decay time of an octave from the fall between −5 and −25 dB (ISO 3382)."""
    edges = [hz / 2**0.5, min(hz * 2**0.5, 7800)]
    band = sosfilt(butter(4, edges, "bandpass", fs=16000, output="sos"), response)
    energy = np.cumsum((band**2)[::-1])[::-1]
    fall_db = 10 * np.log10(energy / energy[0] + 1e-20)
    part = np.arange(np.argmax(fall_db < -5), np.argmax(fall_db < -25))
    return -60 / np.polyfit(part / 16000, fall_db[part], 1)[0]


def direct_to_reverberant_db(response: np.ndarray, direct: int) -> float:
    heard = sosfilt(butter(2, 80, "highpass", fs=16000, output="sos"), response)
    energy = heard**2
    near = energy[max(direct - 40, 0) : direct + 40].sum()
    return 10 * np.log10(near / (energy.sum() - near))


def test_each_octave_decays_as_asked() -> None:
    errors = []
    for index in range(20):
        rng = stream(5, "decay", index)
        room = rooms.draw_room(rng, kind=HOMES[index % 5], distance_m=(0.5, 3))
        response = rooms.impulse_response(room, rng, length=int(16000 * max(room.t60_s) * 0.9))
        asked = dict(zip(rooms.BANDS_HZ, room.t60_s, strict=True))
        errors.append([t20_s(response, hz) / asked[hz] - 1 for hz in (500, 1000, 2000, 4000)])
    medians = np.median(errors, axis=0)
    assert np.all(np.abs(medians) < 0.05), medians
    # One decay in one octave is itself random: its deviation is about 5 % at 500 Hz, 2 % at 4 kHz.
    assert np.all(np.median(np.abs(errors), axis=0) < 0.10)


@pytest.mark.parametrize("index", range(4))
def test_the_direct_sound_stands_out_as_in_the_full_image_model(index: int) -> None:
    rng = stream(9, "direct", index)
    drawn = rooms.draw_room(rng, kind="bedroom", distance_m=(0.5, 2))
    room = rooms.Room(
        drawn.kind, drawn.size_m, drawn.source_m, drawn.microphone_m, tuple(min(t, 0.3) for t in drawn.t60_s)
    )
    ours = rooms.impulse_response(room, rng, length=6000)
    full = rooms.early_images(room, order=36)
    arrival = round(40 + room.distance_m / rooms.SOUND_M_S * 16000)
    expected = direct_to_reverberant_db(full, arrival)
    assert direct_to_reverberant_db(ours, rooms.DIRECT) == pytest.approx(expected, abs=0.7)


@pytest.mark.parametrize("kind", sorted(rooms.KINDS))
def test_every_kind_of_room_can_be_built(kind: str) -> None:
    for index in range(3):
        rng = stream(2, kind, index)
        room = rooms.draw_room(rng, kind=kind, distance_m=(0.3, 5))
        assert np.all(rooms.absorption(room) < 1)
        assert 0.25 < room.distance_m < 5.05
        response = rooms.impulse_response(room, rng, length=4800)
        assert response.shape == (4800,)
        assert np.isfinite(response).all()
        assert abs(int(np.argmax(np.abs(response[:60]))) - rooms.DIRECT) <= 1
        # Gain 1 at 1 m: the direct sound falls with distance.
        assert np.abs(response[rooms.DIRECT - 4 : rooms.DIRECT + 5]).max() == pytest.approx(
            1 / room.distance_m, rel=0.45
        )


def test_farther_talkers_are_more_reverberant() -> None:
    values = []
    for distance in (0.5, 1.0, 2.0):
        room = rooms.Room("office", (4.2, 3.4, 2.7), (1.0 + distance, 1.5, 1.2), (1.0, 1.5, 1.2), (0.4,) * 7)
        values.append(
            direct_to_reverberant_db(rooms.impulse_response(room, stream(1, "far"), length=6400), rooms.DIRECT)
        )
    assert values[0] > values[1] + 3 > values[2] + 6


def test_the_octave_masks_add_up_to_one() -> None:
    assert np.allclose(rooms.octave_masks(8000).sum(axis=0), 1, atol=1e-6)


def test_the_settings_of_the_library_are_left_as_they_were() -> None:
    import pyroomacoustics as pra

    before = [pra.constants.get(name) for name in ("rir_hpf_enable", "num_threads", "c")]
    rooms.early_images(rooms.draw_room(stream(1, "x"), kind="office", distance_m=(1, 2)), order=1)
    assert [pra.constants.get(name) for name in ("rir_hpf_enable", "num_threads", "c")] == before
