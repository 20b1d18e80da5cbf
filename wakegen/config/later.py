"""Names that wakegen's file format knows and this version cannot serve.

They are reported, never ignored. A name moves out of here on the day it works.
"""

from __future__ import annotations

SECTIONS = frozenset(("scenes", "quality", "asr", "bench", "cache"))

LIMITS = frozenset(("concurrency", "rate_limits", "memory_mb", "timeouts"))

ENVIRONMENTS = (
    "morning_kitchen",
    "living_room",
    "bedroom",
    "bathroom",
    "car_interior",
    "office",
    "conference_room",
    "outdoor_street",
    "telephone",
    "esp32_living_room",
    "raspberry_pi_kitchen",
    "smart_speaker_bedroom",
    "car_bluetooth",
    "outdoor_noisy",
)

FORMATS = (
    "openwakeword",
    "precise",
    "picovoice",
    "tensorflow",
    "pytorch",
    "huggingface",
    "webdataset",
    "lhotse",
    "nemo",
    "kaldi",
    "edge_impulse",
    "microwakeword",
    "wav",
    "onnx",
)
FORMATS_BUILT = frozenset(("openwakeword", "onnx"))
ENVIRONMENTS_BUILT: frozenset[str] = frozenset()
