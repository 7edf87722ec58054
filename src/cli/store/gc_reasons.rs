//! Why a version stays or goes, in words.

use indicatif::HumanBytes;
use loom_base::time::duration_in_words;
use loom_runtime::store::{KeepReason, RemoveReason, collect::GRACE};

/// The word of a reason in JSON documents.
pub(super) fn keep_word(why: KeepReason) -> &'static str {
    match why {
        KeepReason::Running => "running",
        KeepReason::Explicit => "explicit",
        KeepReason::Project => "project",
        KeepReason::Default => "default",
        KeepReason::Generation => "generation",
        KeepReason::JustUsed => "just_used",
        KeepReason::NotFetchable => "not_fetchable",
        KeepReason::Newest => "newest",
        KeepReason::Used => "used",
        KeepReason::NoRule => "no_rule",
        KeepReason::NoTime => "no_time",
        KeepReason::Foreign => "foreign",
        KeepReason::Damaged => "damaged",
    }
}

/// Why a version stays.
pub(super) fn keep_words(why: KeepReason) -> &'static str {
    match why {
        KeepReason::Running => "a process runs from it",
        KeepReason::Explicit => "`loom store keep` keeps it",
        KeepReason::Project => "a project used it in the last 90 days",
        KeepReason::Default => "it is the default version, set with `loom use` or `loom rollback`",
        KeepReason::Generation => {
            "`loom rollback` may need it: it is one of the last ten generations"
        }
        KeepReason::JustUsed => "it was used in the last day",
        KeepReason::NotFetchable => "no configured source is known to have it",
        KeepReason::Newest => "it is one of the newest versions",
        KeepReason::Used => "it was used recently enough",
        KeepReason::NoRule => "no rule gives it up",
        KeepReason::NoTime => "the next run removes it",
        KeepReason::Foreign => "it belongs to another user",
        KeepReason::Damaged => "what shows whether it is needed is damaged",
    }
}

/// The word of a reason in JSON documents.
pub(super) fn remove_word(why: RemoveReason) -> &'static str {
    match why {
        RemoveReason::Older(_) => "older",
        RemoveReason::Unused(_) => "unused",
        RemoveReason::MaxSize(_) => "max_size",
    }
}

/// Why a version goes.
pub(super) fn remove_words(why: RemoveReason) -> String {
    match why {
        RemoveReason::Older(0) => "no version is to be kept".to_owned(),
        RemoveReason::Older(1) => "it is not the newest version".to_owned(),
        RemoveReason::Older(keep) => format!("it is not one of the {keep} newest versions"),
        // What was used in the last day stays under every rule.
        RemoveReason::Unused(time) => {
            format!("it was not used for {}", duration_in_words(time.max(GRACE)))
        }
        RemoveReason::MaxSize(bytes) => format!("the store is larger than {}", HumanBytes(bytes)),
    }
}
