"""What is installed: the wheel carries its data, the environment stays small, the pins agree with the project."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PEERS = {"jax"}  # what a benchmark compares with where it is installed
HEAVYWEIGHTS = {"torch", "tensorflow", "jax", "jaxlib", "nvidia-cublas-cu12", "transformers"}


def plain(requirement: str) -> str:
    return re.split(r"[<>=!~;\[ ]", requirement)[0].lower().replace("_", "-")


def pins() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.+!]+", line) for line in lines), "names and versions only"
    return {plain(line): line.split("==")[1] for line in lines}


@pytest.mark.parametrize("script", [".ci/run", "benchmarks/install_engines.sh"])
def test_the_scripts_of_the_house_are_valid_and_may_be_run(script):
    path = ROOT / script
    assert os.access(path, os.X_OK)
    subprocess.run(["bash", "-n", str(path)], check=True)


def test_every_requirement_is_pinned_and_nothing_heavy_is():
    extras = PROJECT["optional-dependencies"]
    named = [PROJECT["dependencies"], *(extras[name] for name in ("dev", "ssh", "tflite", "wyoming", "peers"))]
    wanted = {plain(one) for requirements in named for one in requirements} - {"wakegen"}
    assert wanted <= set(pins())
    assert not HEAVYWEIGHTS & set(pins())


def test_what_is_imported_is_required():
    """What merely came along with another package may be gone on the next machine."""
    extras = PROJECT["optional-dependencies"]
    named = [PROJECT["dependencies"], *(extras[name] for name in extras if name != "dev")]
    required = {plain(one) for requirements in named for one in requirements}
    homes = packages_distributions()
    for path in (*(ROOT / "wakegen").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")):
        for module in third_party(path):
            owners = {plain(owner) for owner in homes.get(module, [module])}
            assert owners & required, (
                f"{path.relative_to(ROOT)} imports {module}, which pyproject.toml does not require"
            )


def third_party(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found - sys.stdlib_module_names - {"wakegen", "benchmarks"} - PEERS


def test_no_requirement_is_unused():
    imported = {
        "espeakng-loader": "espeakng_loader",
        "ruamel.yaml": "ruamel",
        "jinja2": "jinja2",
        "protobuf": "google.protobuf",
    }
    code = "\n".join(path.read_text() for path in (ROOT / "wakegen").rglob("*.py"))
    for requirement in PROJECT["dependencies"]:
        name = imported.get(plain(requirement), plain(requirement))
        assert re.search(rf"(?:import|from) {name}\b|[\"']{name}[\"'/]", code), f"{requirement} is imported nowhere"


def test_the_version_is_the_same_everywhere():
    import wakegen

    assert PROJECT["version"] == wakegen.__version__
    assert f"## {wakegen.__version__}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.slow
@pytest.mark.skipif(find_spec("hatchling") is None, reason="needs hatchling")
def test_a_wheel_carries_profiles_words_and_templates_and_runs(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        program = [one for one in archive.infolist() if one.filename == "wakegen/_native/wakegen-device"]
        archive.extractall(tmp_path / "site")
    if which("gcc") and os.name == "posix":
        assert [one.external_attr >> 16 & 0o111 for one in program] == [0o111], "a device that may be run"
    wanted = {f"wakegen/_device_profiles/{path.name}" for path in (ROOT / "device_profiles").glob("*.yaml")}
    for folder in ("text/data", "report/templates"):
        wanted |= {
            str(path.relative_to(ROOT))
            for path in (ROOT / "wakegen" / folder).rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }
    assert wanted
    assert wanted <= names
    code = "import wakegen, wakegen.profiles as p; print(wakegen.__file__, p.folder(), p.load('rpi4').name)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "site", capture_output=True, text=True, check=True
    )
    package, folder, name = done.stdout.split()
    assert str(tmp_path) in package
    assert folder.endswith("_device_profiles")
    assert name == "rpi4"


@pytest.mark.slow
def test_everything_that_is_installed_has_a_wheel_for_a_raspberry_pi(tmp_path):
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--ignore-installed",
        "--quiet",
        "--only-binary",
        ":all:",
    ]
    platforms = [
        "--platform",
        "manylinux2014_aarch64",
        "--platform",
        "manylinux_2_28_aarch64",
        "--python-version",
        "3.11",
    ]
    pins = ["-c", str(ROOT / "constraints.txt"), "--target", str(tmp_path)]
    done = subprocess.run([*command, *platforms, *pins, *PROJECT["dependencies"]], capture_output=True, text=True)
    if "connection" in done.stderr.lower() and done.returncode:
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr


@pytest.mark.xdist_group("together")
def test_tests_that_share_something_run_in_one_worker(request):
    """A pytest that xdist does not know yet ignores the groups without a word."""
    if request.config.getoption("loadgroup", default=False):
        assert request.node.nodeid.endswith("@together")
