"""The generated protobuf modules match the runtime's `.proto` files."""

import sys
from pathlib import Path

import pytest

import loom.v1

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("action", "bridge", "event", "spans")


@pytest.mark.filterwarnings("ignore:pkg_resources is deprecated")
def test_the_generated_modules_are_up_to_date(tmp_path):
    from grpc_tools import protoc

    protos = ROOT / "runtime" / "bridge" / "proto"
    files = [f"loom/v1/{name}.proto" for name in NAMES]
    command = ["protoc", f"-I{protos}", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", *files]
    assert protoc.main(command) == 0
    committed = ROOT / "python" / "loom" / "v1"
    for name in NAMES:
        for suffix in (".py", ".pyi"):
            file = f"{name}_pb2{suffix}"
            generated = (tmp_path / "loom" / "v1" / file).read_text()
            assert (committed / file).read_text() == generated, f"{file} is outdated; run: {' '.join(command)}"


def test_the_package_contains_no_other_modules():
    folder = Path(loom.v1.__file__).parent
    expected = {f"{name}_pb2{suffix}" for name in NAMES for suffix in (".py", ".pyi")} | {"__init__.py"}
    assert {file.name for file in folder.iterdir() if file.is_file()} == expected
    assert sys.modules["loom.v1"].__doc__
