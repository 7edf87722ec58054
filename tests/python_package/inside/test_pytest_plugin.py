"""The fixture `loom_runtime`, in a pytest run of its own."""

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "python"


def pytest_run(folder, *arguments):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)


def test_the_example_passes():
    done = pytest_run(EXAMPLES, str(EXAMPLES / "test_example.py"))
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_one_runtime_serves_all_tests_and_ends_with_them(project):
    (project / "pytest.ini").write_text("[pytest]\nloom_version = 0.1.0\nloom_mode = bridge-only\n")
    (project / "test_it.py").write_text(
        "import os\n"
        "def test_first(loom_runtime):\n"
        "    assert (loom_runtime.version, loom_runtime.dashboard_url) == ('0.1.0', None)\n"
        "    assert os.environ['LOOM_BRIDGE_ADDR'] == loom_runtime.address\n"
        "    open('pid', 'w').write(str(loom_runtime.pid))\n"
        "def test_second(loom_runtime):\n"
        "    assert open('pid').read() == str(loom_runtime.pid)\n"
    )
    done = pytest_run(project)
    assert "2 passed" in done.stdout, done.stdout
    assert not Path("/proc", (project / "pid").read_text()).exists()


def test_what_does_not_use_it_pays_nothing(project):
    (project / "test_it.py").write_text(
        "import sys\n"
        "def test_it():\n"
        "    ours = {name for name in sys.modules if name.split('.')[0] == 'loom'}\n"
        "    assert ours == {'loom', 'loom.pytest_plugin'}\n"
    )
    done = pytest_run(project)
    assert "1 passed" in done.stdout, done.stdout


def test_a_runtime_that_does_not_start_says_why(project):
    (project / "pytest.ini").write_text("[pytest]\nloom_version = 9.9.9\n")
    (project / "test_it.py").write_text("def test_it(loom_runtime): pass\n")
    done = pytest_run(project)
    assert "no source carries loom-bridge-server 9.9.9" in done.stdout
    assert "1 error" in done.stdout
