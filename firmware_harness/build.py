"""Builds the float engine as a shared library: wakegen/_native/libwakegen.so. Never required.

python firmware_harness/build.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
LIBRARY = HERE.parent / "wakegen" / "_native" / "libwakegen.so"
# Sums may be regrouped into multiply-adds (the result is compared within 2e-4); NaN and infinity keep their meaning.
FLAGS = ("-std=c11", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi", "-shared", "-fPIC")  # fmt: skip


def compiler() -> str | None:
    """Give the C compiler that CC names, or the first that is there."""
    wanted = os.environ.get("CC")
    return next(
        (found for name in ([wanted] if wanted else ["cc", "gcc", "clang"]) if (found := shutil.which(name))), None
    )


def build(library: Path = LIBRARY, *, flags: tuple[str, ...] = FLAGS) -> bool:
    """Compile; tell whether there is a library now. What the compiler says goes to stderr."""
    found = compiler()
    if found is None:
        return False
    library.parent.mkdir(parents=True, exist_ok=True)
    sources = sorted(str(path) for path in (HERE / "core").glob("*.c"))
    with tempfile.NamedTemporaryFile(dir=library.parent, suffix=".so", delete=False) as file:
        made = Path(file.name)
    try:
        done = subprocess.run([found, *flags, "-o", str(made), *sources, "-lm"], check=False).returncode == 0
        if done:
            made.chmod(0o755)
            made.replace(library)
        return done
    finally:
        made.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(0 if build() else "The C engine was not built: is there a C compiler?")
