import numpy as np
import pytest

from wakegen import profiles
from wakegen.core.seeds import stream
from wakegen.profiles import DeviceProfile
from wakegen.scenes import Bank, Sizes
from wakegen.scenes.noise_voices import mumble

SMALL = Sizes(rirs=8, noises=12, tones=3)


@pytest.fixture(scope="session")
def profile() -> DeviceProfile:
    return profiles.load("esp32")


@pytest.fixture(scope="session")
def bank(profile: DeviceProfile) -> Bank:
    return Bank.build(profile, 5, sizes=SMALL)


@pytest.fixture(scope="session")
def voices() -> list[np.ndarray]:
    """Give speech-like sounds of 0.5 to 1 s, without silence at either end."""
    out = []
    for index in range(4):
        sound = mumble(stream(index, "voice"), 12000 + 2000 * index)[1000:]
        out.append((sound / np.abs(sound).max() * 0.3 + 1e-4).astype(np.float32))
    return out
