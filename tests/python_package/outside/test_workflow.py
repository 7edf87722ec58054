"""The example workflow for other projects."""

from conftest import ROOT

WORKFLOW = ROOT / "examples" / "ci" / "github-actions.yml"


def test_zizmor_reports_no_findings(tool):
    output = tool("zizmor", "--offline", "--no-progress", "--persona", "pedantic", WORKFLOW)
    assert "No findings to report" in output, output


def test_the_workflow_does_not_sleep():
    text = WORKFLOW.read_text()
    assert "loom up --mode bridge-only --detach" in text
    assert "sleep" not in text
