//! The minimum age of a release that `latest` or a range selects. Most bad releases are withdrawn within days.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use loom_base::time::{age_in_words, duration_in_words};

use super::Policy;

/// A release is younger than `trust.minimum_release_age`, or its age is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooYoung {
    /// Its age; `None` where the source does not state when the release was published.
    age: Option<Duration>,
    minimum: Duration,
}

impl fmt::Display for TooYoung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.age {
            Some(age) if age < MINUTE => f.write_str("was published just now")?,
            Some(age) => write!(f, "is only {} old", age_in_words(age))?,
            None => {
                f.write_str("has an unknown age: the source does not state when it was published")?;
            }
        }
        let minimum = duration_in_words(self.minimum);
        write!(f, " (trust.minimum_release_age is {minimum})")
    }
}

const MINUTE: Duration = Duration::from_secs(60);

impl Policy {
    /// Whether a minimum age is configured.
    pub fn judges_age(&self) -> bool {
        self.minimum_release_age > 0
    }

    /// The configured minimum age.
    pub fn minimum_age(&self) -> Duration {
        Duration::from_secs(self.minimum_release_age)
    }

    /// Judges whether a release published at `published` may be selected at `now`.
    ///
    /// Not to be called for a version that the user named: a named version may have any age.
    ///
    /// # Errors
    /// [`TooYoung`] for a release that is too young, of unknown age, or published in the future.
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
    fn young_releases_and_those_of_unknown_age_are_refused() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let strict = Policy { minimum_release_age: 86_400, ..Policy::default() };
        for (policy, published, old_enough) in [
            (&strict, Some(at(0)), true),
            (&strict, Some(at(1)), false),
            (&strict, Some(at(999_999)), false),
            (&strict, None, false),
            (&Policy::default(), Some(at(86_400)), true),
            (&Policy::default(), None, true),
        ] {
            let judged = policy.judge_age(published, at(86_400));
            assert_eq!(judged.is_ok(), old_enough, "{published:?}");
        }
        let text = |published| strict.judge_age(published, at(86_400)).unwrap_err().to_string();
        assert_eq!(
            text(Some(at(86_400 - 3_661))),
            "is only 1 hour old (trust.minimum_release_age is 1 day)"
        );
        assert!(text(None).starts_with("has an unknown age"));
    }
}
