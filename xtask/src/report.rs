//! How many tests passed and failed, read from the JUnit reports of the test runners.

use std::{fmt, fs, ops::AddAssign, path::Path};

use crate::outcome::Outcome;

/// Numbers of tests, or of checks that count as one test each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TestCount {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl TestCount {
    /// One check, passed or failed.
    pub(crate) fn one(passed: bool) -> Self {
        Self { passed: passed.into(), failed: (!passed).into() }
    }

    /// What a test runner did. Its exit code judges: a run that failed without a failed test, or that ran no test,
    /// counts as one failure.
    pub(crate) fn of_run(success: bool, report: Self) -> Self {
        let as_reported = success == (report.failed == 0) && report != Self::default();
        let unreported = u64::from(!as_reported);
        Self { failed: report.failed + unreported, ..report }
    }
}

impl AddAssign for TestCount {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for TestCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// The tests that a JUnit report counts; skipped ones count neither way. A missing report counts nothing.
pub(crate) fn read(path: &Path) -> Outcome<TestCount> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(TestCount::default());
        }
        Err(error) => return Err(format!("{}: {error}", path.display()).into()),
    };
    parse(&text).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn parse(text: &str) -> Result<TestCount, roxmltree::Error> {
    let document = roxmltree::Document::parse(text)?;
    let mut count = TestCount::default();
    for suite in document.descendants().filter(|node| node.has_tag_name("testsuite")) {
        let number = |name| suite.attribute(name).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        let failed = number("failures") + number("errors");
        let left_out = number("skipped") + number("disabled");
        count.failed += failed;
        count.passed += number("tests").saturating_sub(failed + left_out);
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_nextest_and_pytest_are_counted() {
        let nextest = r#"<?xml version="1.0"?><testsuites name="nextest-run" tests="5" failures="1" errors="1">
            <testsuite name="a" tests="3" disabled="0" errors="0" failures="1"><testcase name="x"/></testsuite>
            <testsuite name="b" tests="2" disabled="0" errors="1" failures="0"/></testsuites>"#;
        let pytest = r#"<?xml version="1.0"?><testsuites><testsuite name="pytest" errors="0" failures="1" skipped="2"
            tests="7"/></testsuites>"#;
        assert_eq!(parse(nextest).unwrap(), TestCount { passed: 3, failed: 2 });
        assert_eq!(parse(pytest).unwrap(), TestCount { passed: 4, failed: 1 });
        assert!(parse("<testsuite").is_err());
    }

    #[test]
    fn the_exit_code_judges_a_run() {
        for (success, passed, failed, expected) in [
            (true, 2, 0, 0),
            (true, 0, 0, 1),
            (false, 2, 0, 1),
            (false, 2, 2, 2),
            (true, 2, 2, 3),
            (false, 0, 0, 1),
        ] {
            let count = TestCount::of_run(success, TestCount { passed, failed });
            assert_eq!(
                count,
                TestCount { passed, failed: expected },
                "{success} {passed} {failed}"
            );
        }
    }
}
