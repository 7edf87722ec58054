//! What a figure must reach.

use std::fmt;

/// One figure, the limit it must stay under, and where it shall go.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mark {
    /// What was measured, with its unit.
    pub(crate) what: &'static str,
    /// The figure.
    pub(crate) got: f64,
    /// What it may be at most.
    pub(crate) limit: f64,
    /// What it shall be at most one day.
    pub(crate) target: f64,
}

impl Mark {
    /// Whether the figure stays within its limit. A figure that is no number does not.
    pub(crate) fn reached(&self) -> bool {
        self.got <= self.limit
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, got, limit, target } = self;
        let verdict = match self.reached() {
            true if got <= target => "ok, target reached",
            true => "ok",
            false => "MISSED",
        };
        write!(f, "{what:46} {got:7.2}  at most {limit:5.2}, later {target:5.2}  {verdict}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_judged() {
        for (got, reached, verdict) in [
            (1.0, true, "target reached"),
            (2.0, true, "ok"),
            (3.0, true, "ok"),
            (3.01, false, "MISSED"),
            (f64::NAN, false, "MISSED"),
        ] {
            let mark = Mark { what: "x", got, limit: 3.0, target: 1.5 };
            assert_eq!(mark.reached(), reached, "{got}");
            assert!(mark.to_string().ends_with(verdict), "{mark}");
        }
    }
}
