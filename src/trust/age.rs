//! How old a release must be before `latest` or a range may come to it: a bad one is mostly found within days.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use super::Policy;

/// Why a release is not chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooYoung {
    /// How old it is; `None` where nobody says.
    age: Option<Duration>,
    minimum: Duration,
}

impl fmt::Display for TooYoung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.age {
            Some(age) => {
                write!(f, "is only {} old", humantime::format_duration(coarse(age)))?;
            }
            None => {
                f.write_str("is of an unknown age: this source does not say when it was published")?
            }
        }
        let minimum = humantime::format_duration(self.minimum);
        write!(f, " (trust.minimum_release_age is {minimum})")
    }
}

/// The age in its largest unit, so that it is not another one a second later.
fn coarse(age: Duration) -> Duration {
    let seconds = age.as_secs();
    let unit = [86_400, 3_600, 60].into_iter().find(|unit| seconds >= *unit).unwrap_or(1);
    Duration::from_secs(seconds - seconds % unit)
}

impl Policy {
    /// Whether the age of a release counts.
    pub fn judges_age(&self) -> bool {
        self.minimum_release_age > 0
    }

    /// How old a release must be before it is chosen.
    pub fn minimum_age(&self) -> Duration {
        Duration::from_secs(self.minimum_release_age)
    }

    /// Whether a release that was published then may be chosen now. One of unknown age may not, nor one from the
    /// future; a version that somebody named is never asked about.
    pub fn judge_age(
        &self,
        published: Option<SystemTime>,
        now: SystemTime,
    ) -> Result<(), TooYoung> {
        let minimum = self.minimum_age();
        let age = published.map(|published| now.duration_since(published).unwrap_or_default());
        match age {
            _ if !self.judges_age() => Ok(()),
            Some(age) if age >= minimum => Ok(()),
            age => Err(TooYoung { age, minimum }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn what_is_young_or_of_unknown_age_waits() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let strict = Policy { minimum_release_age: 86_400, ..Policy::default() };
        for (policy, published, old_enough) in [
            (strict, Some(at(0)), true),
            (strict, Some(at(1)), false),
            (strict, Some(at(999_999)), false),
            (strict, None, false),
            (Policy::default(), Some(at(86_400)), true),
            (Policy::default(), None, true),
        ] {
            let judged = policy.judge_age(published, at(86_400));
            assert_eq!(judged.is_ok(), old_enough, "{published:?}");
        }
        let told = |published| strict.judge_age(published, at(86_400)).unwrap_err().to_string();
        assert_eq!(
            told(Some(at(86_400 - 3_661))),
            "is only 1h old (trust.minimum_release_age is 1day)"
        );
        assert!(told(None).starts_with("is of an unknown age"));
    }
}
