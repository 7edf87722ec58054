"""The content of the wheel."""

import re
import subprocess
import zipfile

from conftest import ROOT

PYTHON = ROOT / "python"


def package_files():
    """Returns the files of the package in the repository, relative to `python/`."""
    files = (file for file in (PYTHON / "loom").rglob("*") if file.is_file())
    return {str(file.relative_to(PYTHON)) for file in files if "__pycache__" not in file.parts}


def test_the_wheel_contains_program_package_and_license(wheel):
    assert re.fullmatch(r"loom-[\d.]+-py3-none-manylinux_2_\d+_x86_64\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (scripts,) = (name for name in names if name.endswith(".data/scripts/loom"))
        info = scripts.split(".data/")[0] + ".dist-info"
        metadata = {f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt")}
        assert names == package_files() | metadata | {scripts, f"{info}/licenses/LICENSE"}
        assert archive.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        description = archive.read(f"{info}/METADATA").decode()
    assert "Requires-Python: >=3.9" in description
    assert "License-Expression: Apache-2.0" in description
    required = [line for line in description.splitlines() if line.startswith("Requires-Dist:")]
    assert required and all("extra == 'agent'" in line for line in required)
    assert (PYTHON / "README.md").read_text() in description


def test_the_program_contains_no_path_of_the_build_machine(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/scripts/loom"))
        program = archive.extract(name, tmp_path)
    with open(program, "rb") as file:
        content = file.read()
    assert str(ROOT).encode() not in content
    file_type = subprocess.run(["file", "-b", program], stdout=subprocess.PIPE, text=True, check=False).stdout
    assert content[:4] == b"\x7fELF"
    assert "not stripped" not in file_type


def test_auditwheel_and_twine_report_no_problems(wheel, sdist, tool):
    tag = re.search(r"manylinux_2_\d+_x86_64", wheel.name)[0]
    assert f'"{tag}"' in " ".join(tool("auditwheel", "show", wheel).split())
    assert tool("twine", "--no-color", "check", "--strict", wheel, sdist).count("PASSED") == 2
