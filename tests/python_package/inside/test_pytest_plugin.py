"""The fixture `loom_runtime`, in separate pytest runs."""

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "python"


def pytest_run(folder, *arguments):
    """Runs pytest in a folder and captures its output."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)


def test_the_example_passes():
    completed = pytest_run(EXAMPLES, str(EXAMPLES / "test_example.py"))
    assert completed.returncode == 0, completed.stdout
    assert "1 passed" in completed.stdout


def test_all_tests_of_a_session_share_one_runtime(project):
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
    completed = pytest_run(project)
    assert "2 passed" in completed.stdout, completed.stdout
    assert not Path("/proc", (project / "pid").read_text()).exists()


def test_tests_without_the_fixture_do_not_load_the_package(project):
    (project / "test_it.py").write_text(
        "import sys\n"
        "def test_it():\n"
        "    loaded = {name for name in sys.modules if name.split('.')[0] == 'loom'}\n"
        "    assert loaded == {'loom', 'loom.pytest_plugin'}\n"
    )
    completed = pytest_run(project)
    assert "1 passed" in completed.stdout, completed.stdout


def test_a_failed_start_is_an_error_of_the_test(project):
    (project / "pytest.ini").write_text("[pytest]\nloom_version = 9.9.9\n")
    (project / "test_it.py").write_text("def test_it(loom_runtime): pass\n")
    completed = pytest_run(project)
    assert "loom-bridge-server 9.9.9" in completed.stdout
    assert "1 error" in completed.stdout
