"""What is in the source distribution, and that it is enough."""

import os
import shutil
import subprocess
import sys
import tarfile

from conftest import ROOT


def test_it_holds_what_building_takes_and_no_more(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Cargo.toml", "Cargo.lock", "LICENSE", "PKG-INFO", "README.md", "build.rs", "pyproject.toml"} <= names
    assert "src/main.rs" in names and "loom/py.typed" in names and "backends/source/src/lib.rs" in names
    allowed = {"Cargo.toml", "Cargo.lock", "LICENSE", "PKG-INFO", "README.md", "build.rs", "pyproject.toml"}
    assert {name.split("/")[0] for name in names} == allowed | {"backends", "base", "loom", "src", "tests"}
    # Cargo reads the manifests of dev-dependencies, too.
    names = {name for name in names if not name.startswith("tests/support/")}
    assert not [name for name in names if {"tests", "__pycache__", ".git"} & set(name.split("/"))]


def test_it_builds_and_installs_on_its_own(sdist, tmp_path):
    assert shutil.which("cargo"), "building takes Rust"
    venv, home = tmp_path / "venv", tmp_path / "empty"
    home.mkdir()
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [venv / "bin" / "pip", "install", "--quiet", "--no-cache-dir", "--disable-pip-version-check", sdist]
    # A target folder of its own, since cargo takes equal paths of two checkouts for one; and no optimising, which
    # is the wheel's affair.
    cheap = {"LTO": "off", "OPT_LEVEL": "0", "CODEGEN_UNITS": "16"}
    env = {**os.environ, **{f"CARGO_PROFILE_RELEASE_{name}": value for name, value in cheap.items()}}
    subprocess.run(pip, cwd=home, env={**env, "CARGO_TARGET_DIR": str(tmp_path / "target")}, check=True)
    said = subprocess.run([venv / "bin" / "loom", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert said.split() == ["loom", sdist.name.removeprefix("loom-").removesuffix(".tar.gz")]
    code = "import loom; print(loom.__version__, loom.embedded.platform_tag())"
    env = {"PATH": os.defpath, "HOME": str(home)}
    done = subprocess.run([venv / "bin" / "python", "-c", code], env=env, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.split()[0] == said.split()[1]
    assert str(ROOT).encode() not in (venv / "bin" / "loom").read_bytes()
