"""The generated messages are those of the runtime's protos."""

import sys
from pathlib import Path

import pytest

import loom.v1

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("action", "bridge", "event")


@pytest.mark.filterwarnings("ignore:pkg_resources is deprecated")
def test_they_are_what_the_generator_makes(tmp_path):
    from grpc_tools import protoc

    protos = ROOT / "runtime" / "bridge" / "proto"
    files = [f"loom/v1/{name}.proto" for name in NAMES]
    made = ["protoc", f"-I{protos}", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", *files]
    assert protoc.main(made) == 0
    committed = ROOT / "python" / "loom" / "v1"
    for name in NAMES:
        for suffix in (".py", ".pyi"):
            file = f"{name}_pb2{suffix}"
            new, old = tmp_path / "loom" / "v1" / file, committed / file
            assert old.read_text() == new.read_text(), f"make {file} anew: {' '.join(made)}"


def test_the_package_has_no_others():
    folder = Path(loom.v1.__file__).parent
    expected = {f"{name}_pb2{suffix}" for name in NAMES for suffix in (".py", ".pyi")} | {"__init__.py"}
    assert {file.name for file in folder.iterdir() if file.is_file()} == expected
    assert sys.modules["loom.v1"].__doc__
