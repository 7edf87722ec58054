"""The workflow for others to copy."""

from conftest import ROOT

WORKFLOW = ROOT / "examples" / "ci" / "github-actions.yml"


def test_zizmor_is_content(tool):
    said = tool("zizmor", "--offline", "--no-progress", "--persona", "pedantic", WORKFLOW)
    assert "No findings to report" in said, said


def test_it_waits_for_nothing_by_sleeping():
    text = WORKFLOW.read_text()
    assert "loom up --mode bridge-only --detach" in text and "sleep" not in text.replace("nothing has to sleep", "")
