"""What is in the wheel."""

import re
import subprocess
import zipfile

from conftest import ROOT

OWN = ROOT / "python"


def package_files():
    """The files of the package as they lie in the repository."""
    files = (file for file in (OWN / "loom").rglob("*") if file.is_file())
    return {str(file.relative_to(OWN)) for file in files if "__pycache__" not in file.parts}


def test_it_holds_the_program_the_package_and_the_licence(wheel):
    assert re.fullmatch(r"loom-[\d.]+-py3-none-manylinux_2_\d+_x86_64\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (scripts,) = (name for name in names if name.endswith(".data/scripts/loom"))
        info = scripts.split(".data/")[0] + ".dist-info"
        metadata = {f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt")}
        assert names == package_files() | metadata | {scripts, f"{info}/licenses/LICENSE"}
        assert archive.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        told = archive.read(f"{info}/METADATA").decode()
    assert "Requires-Python: >=3.9" in told and "License-Expression: Apache-2.0" in told
    required = [line for line in told.splitlines() if line.startswith("Requires-Dist:")]
    assert required and all("extra == 'agent'" in line for line in required)
    assert (OWN / "README.md").read_text() in told


def test_the_program_knows_no_path_of_the_machine_that_built_it(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/scripts/loom"))
        program = archive.extract(name, tmp_path)
    with open(program, "rb") as file:
        content = file.read()
    assert str(ROOT).encode() not in content
    tags = subprocess.run(["file", "-b", program], stdout=subprocess.PIPE, text=True, check=False).stdout
    assert content[:4] == b"\x7fELF" and "not stripped" not in tags


def test_tools_have_nothing_against_it(wheel, sdist, tool):
    tag = re.search(r"manylinux_2_\d+_x86_64", wheel.name)[0]
    assert f'"{tag}"' in " ".join(tool("auditwheel", "show", wheel).split())
    assert tool("twine", "--no-color", "check", "--strict", wheel, sdist).count("PASSED") == 2
