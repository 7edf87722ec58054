//! What a figure has to reach.

use std::fmt;

/// One figure with the limit that `--check` enforces and the goal that it is to reach later. Smaller is better.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    /// What was measured, with its unit.
    pub(crate) what: &'static str,
    /// The measured figure.
    pub(crate) figure: f64,
    /// The largest figure that passes.
    pub(crate) limit: f64,
    /// The largest figure that reaches the goal.
    pub(crate) goal: f64,
}

impl Target {
    /// Whether the figure is within its limit. A figure that is not a number is not.
    pub(crate) fn is_met(&self) -> bool {
        self.figure <= self.limit
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, figure, limit, goal } = self;
        let verdict = if !self.is_met() {
            "MISSED"
        } else if figure <= goal {
            "ok, goal reached"
        } else {
            "ok"
        };
        write!(f, "{what:46} {figure:7.2}  at most {limit:5.2}, goal {goal:5.2}  {verdict}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_judged() {
        for (figure, met, verdict) in [
            (1.0, true, "goal reached"),
            (2.0, true, "ok"),
            (3.0, true, "ok"),
            (3.01, false, "MISSED"),
            (f64::NAN, false, "MISSED"),
        ] {
            let target = Target { what: "x", figure, limit: 3.0, goal: 1.5 };
            assert_eq!(target.is_met(), met, "{figure}");
            assert!(target.to_string().ends_with(verdict), "{target}");
        }
    }
}
