"""Make en-us.npz anew: `python models/negatives/make.py`.

It needs every engine of `wakegen engines`; the same versions give the same bytes. The file says what it was made from.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from wakegen.core.executor import default_jobs, executor
from wakegen.dataset import bank as store
from wakegen.pipeline import banks

HOURS = 1.4  # 5 MB: half of what six hours bring
ENGINES = ("espeak", "flite", "kokoro", "pico", "piper", "rhvoice")


def main() -> None:
    """Build, copy beside this file, say what it holds."""
    made = banks.build(
        "en-us", HOURS, engines=ENGINES, executor=lambda: executor(default_jobs()), on_event=lambda event: None
    )
    place = Path(__file__).with_name("en-us.npz")
    shutil.copyfile(made, place)
    bank = store.load(place)
    print(f"{place.stat().st_size / 1e6:.1f} MB, {bank.hours:.2f} h: {bank.hours_by_engine()}")


if __name__ == "__main__":
    main()
