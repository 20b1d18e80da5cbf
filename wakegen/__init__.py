"""wakegen: from a phrase and a device to a measured wake-word detector.

    import wakegen
    settings = wakegen.load_settings(options={"generation.wake_words": ["hey katya"], "preset": "quick"})
    result = wakegen.make(settings)
    detector = wakegen.Detector(result.model)
    for score in detector.push(pcm):  # int16, 16 kHz, any length
        ...

Names are looked up when they are used, so that `import wakegen` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from wakegen.core.version import VERSION

__version__ = VERSION

_PUBLIC = {
    "Detector": "wakegen.runtime:Detector",
    "Detectors": "wakegen.runtime:Detectors",
    "IntegerDetector": "wakegen.runtime.integer:IntegerDetector",
    "GenerationCache": "wakegen.dataset.clip_cache:GenerationCache",
    "Project": "wakegen.api:Project",
    "QualityReport": "wakegen.quality:QualityReport",
    "QualityScorer": "wakegen.quality:QualityScorer",
    "Settings": "wakegen.config:Settings",
    "Target": "wakegen.devices.transports.base:Target",
    "ask_device": "wakegen.firmware.info:ask",
    "bench_device": "wakegen.api:bench_device",
    "compare_sessions": "wakegen.bench.compare:compare",
    "list_sessions": "wakegen.bench.session:finished",
    "read_session": "wakegen.bench.session:read",
    "session_junit": "wakegen.report.session:junit",
    "build_bank": "wakegen.pipeline.banks:build_bank",
    "build_firmware": "wakegen.firmware.build:build",
    "cache_content": "wakegen.pipeline.cache:cache_content",
    "check_phrase": "wakegen.api:check_phrase",
    "clear_cache": "wakegen.pipeline.cache:clear_cache",
    "discover_available_engines": "wakegen.engines.table:discover_available_engines",
    "export_detector": "wakegen.api:export_detector",
    "examine_installation": "wakegen.pipeline.doctor:examine",
    "explain_settings": "wakegen.config:explain",
    "flash_firmware": "wakegen.firmware.flash:flash",
    "list_devices": "wakegen.profiles.listing:rows",
    "show_device": "wakegen.profiles.listing:values",
    "scan_devices": "wakegen.devices.scan:scan",
    "list_banks": "wakegen.pipeline.banks:list_banks",
    "list_engines": "wakegen.api:list_engines",
    "list_ports": "wakegen.devices.ports:list_ports",
    "list_voices": "wakegen.api:list_voices",
    "list_voices_to_pull": "wakegen.voices.offer:offers",
    "load_settings": "wakegen.config:load_settings",
    "make": "wakegen.api:make",
    "parse_assignment": "wakegen.config:parse_assignment",
    "play_file": "wakegen.audio.player:play",
    "plan_project": "wakegen.api:plan_project",
    "pull_voices": "wakegen.api:pull_voices",
    "read_audio": "wakegen.audio.io:read",
    "read_firmware": "wakegen.firmware.image:read",
    "room_tone": "wakegen.bench.items:noise_like",
    "run_device_agent": "wakegen.devices.agent_main:run",
    "run_stage": "wakegen.api:run_stage",
    "serve_wyoming": "wakegen.runtime.wyoming_server:serve",
    "speak_sample": "wakegen.pipeline.sample:speak_sample",
    "watch_device": "wakegen.firmware.monitor:monitor",
    "verify_clips": "wakegen.pipeline.cache:verify_clips",
    "write_device_agent": "wakegen.devices.zipapp:write",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    """Find a public name. (A function is not named after a room: `wakegen.bench` is a module.)"""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'wakegen' has no attribute '{name}'")
    module, _, attribute = _PUBLIC[name].partition(":")
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
