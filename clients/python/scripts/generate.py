"""Generates src/sessionlog_client/v1 from the API's .proto file. With --check it changes nothing, and exits 1 when the
committed stubs are not what it would write.

The generators stand, pinned, in requirements-generate.txt: what one of protobuf 6 writes runs with protobuf 6 and 7.
"""

from __future__ import annotations

import filecmp
import importlib.resources
import os
import shutil
import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc

CLIENT = Path(__file__).resolve().parent.parent
PROTOS = CLIENT.parent.parent / "proto"
STUBS = CLIENT / "src" / "sessionlog_client" / "v1"


def generate(out: Path) -> Path:
    """Writes the stubs below `out`; returns their directory."""
    # protoc looks for protoc-gen-mypy_grpc on PATH; it is installed beside this Python.
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    kinds = ("python", "pyi", "grpc_python", "mypy_grpc")
    outs = [f"--{kind}_out={'quiet:' if kind == 'mypy_grpc' else ''}{out}" for kind in kinds]
    well_known = importlib.resources.files("grpc_tools") / "_proto"
    code: int = protoc.main(["protoc", f"-I{PROTOS}", f"-I{well_known}", *outs, "sessionlog/v1/session_log.proto"])
    if code != 0:
        raise SystemExit(code)
    stubs = out / "sessionlog" / "v1"
    # protoc imports by the .proto's path; the module `sessionlog` is somebody else's.
    for file in stubs.glob("*_grpc.py*"):
        file.write_text(file.read_text().replace("from sessionlog.v1 import", "from sessionlog_client.v1 import"))
    (stubs / "__init__.py").write_text('"""The API\'s generated messages and stubs."""\n')
    return stubs


def main() -> int:
    with tempfile.TemporaryDirectory() as directory:
        stubs = generate(Path(directory))
        names = sorted(path.name for path in stubs.iterdir())
        if "--check" in sys.argv[1:]:
            committed = sorted(path.name for path in STUBS.iterdir() if path.is_file())
            same, _, _ = filecmp.cmpfiles(stubs, STUBS, names, shallow=False)
            if committed == names and sorted(same) == names:
                return 0
            print("src/sessionlog_client/v1 is not what scripts/generate.py writes", file=sys.stderr)
            return 1
        shutil.rmtree(STUBS, ignore_errors=True)
        shutil.copytree(stubs, STUBS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
