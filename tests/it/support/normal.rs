//! Snapshots in which run-specific text is replaced.

use super::{Run, Sandbox};

impl Sandbox {
    /// Settings under which a snapshot does not depend on this run, this user or this machine.
    pub fn settings(&self) -> insta::Settings {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        for (path, name) in [
            (self.cache(), "[CACHE]"),
            (self.state(), "[STATE]"),
            (self.home(), "[HOME]"),
            (self.project(), "[PROJECT]"),
            (self.root().to_owned(), "[ROOT]"),
        ] {
            settings.add_filter(&escaped(&path.display().to_string()), name);
        }
        settings.add_filter(&escaped(&super::platform()), "[PLATFORM]");
        settings.add_filter(r"(127\.0\.0\.1|localhost|\[::1\]):\d+", "$1:[PORT]");
        settings.add_filter(r"\b[0-9a-f]{64}\b", "[SHA256]");
        settings.add_filter(r"\b[0-9a-f]{12}\b", "[SHA]");
        settings.add_filter(r"\b\d+(\.\d+)? ?(ns|µs|ms|s|min)\b", "[TIME]");
        settings.add_filter(r"\b\d+(\.\d+)? (B|KiB|MiB)\b", "[SIZE]");
        settings.add_filter(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[MOMENT]");
        settings
    }

    /// Compares a run (exit code, both outputs) with `tests/it/snapshots/{name}.snap`.
    #[track_caller]
    pub fn snapshot(&self, name: &str, run: &Run) {
        self.snapshot_with(name, run, &[]);
    }

    /// The same, with further filters: pairs of a regular expression and its replacement.
    #[track_caller]
    pub fn snapshot_with(&self, name: &str, run: &Run, filters: &[(&str, &str)]) {
        let mut settings = self.settings();
        for (pattern, replacement) in filters {
            settings.add_filter(pattern, *replacement);
        }
        let text = format!(
            "$ {}\nexit {}\n--- stdout\n{}--- stderr\n{}",
            run.line,
            run.exit(),
            run.stdout(),
            run.stderr()
        );
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}

/// `text` as a regular expression that matches only itself.
pub fn escaped(text: &str) -> String {
    let special = |c: char| !c.is_alphanumeric() && !"/_-".contains(c);
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}
