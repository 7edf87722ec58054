"""The content of the source distribution, and a build from it."""

import os
import shutil
import subprocess
import sys
import tarfile

from conftest import ROOT


def test_the_distribution_contains_only_what_a_build_needs(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Cargo.toml", "Cargo.lock", "LICENSE", "PKG-INFO", "README.md", "build.rs", "pyproject.toml"} <= names
    assert "src/main.rs" in names and "loom/py.typed" in names and "backends/source/src/lib.rs" in names
    # Of the runtime, the distribution holds the definitions and the check that `loom` shares with the server, not the server.
    assert {name.split("/")[1] for name in names if name.startswith("runtime/")} == {"environment", "health", "tls"}
    allowed = {"Cargo.toml", "Cargo.lock", "LICENSE", "PKG-INFO", "README.md", "build.rs", "pyproject.toml"}
    assert {name.split("/")[0] for name in names} == allowed | {"backends", "base", "loom", "runtime", "signatures", "src", "tests"}
    # Cargo reads the manifests of dev-dependencies, too, and packages the root file of each target.
    names = {name for name in names if not name.startswith("tests/support/")} - {"tests/it/main.rs"}
    assert not [name for name in names if {"tests", "__pycache__", ".git"} & set(name.split("/"))]


def test_pip_builds_and_installs_the_distribution(sdist, tmp_path):
    assert shutil.which("cargo"), "the build requires cargo on PATH"
    venv = tmp_path / "venv"
    home = tmp_path / "empty"
    home.mkdir()
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [venv / "bin" / "pip", "install", "--quiet", "--no-cache-dir", "--disable-pip-version-check", sdist]
    # A separate target folder, because cargo's fingerprints do not distinguish two checkouts with equal relative paths.
    # Optimization is switched off to save time; the tests of the wheel cover the optimized program.
    fast_build = {"LTO": "off", "OPT_LEVEL": "0", "CODEGEN_UNITS": "16"}
    env = {**os.environ, **{f"CARGO_PROFILE_RELEASE_{name}": value for name, value in fast_build.items()}}
    subprocess.run(pip, cwd=home, env={**env, "CARGO_TARGET_DIR": str(tmp_path / "target")}, check=True)
    command = [venv / "bin" / "loom", "--version"]
    version = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    assert version == ["loom", sdist.name.removeprefix("loom-").removesuffix(".tar.gz")]
    code = "import loom; print(loom.__version__, loom.embedded.platform_tag())"
    env = {"PATH": os.defpath, "HOME": str(home)}
    command = [venv / "bin" / "python", "-c", code]
    completed = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    assert completed.stdout.split()[0] == version[1]
    assert str(ROOT).encode() not in (venv / "bin" / "loom").read_bytes()
