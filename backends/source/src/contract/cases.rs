//! The cases. Each publishes what it needs, asks, and says in words what is wrong.

mod carried;
mod found;
mod listed;
mod shown;

use futures::future::BoxFuture;

use super::{Failure, PublishedRelease, SourceFixture, expect::noise};
use crate::Capabilities;

/// One thing that sources promise.
#[derive(Clone, Copy)]
pub struct ContractCase {
    /// The promise, as a sentence with underscores.
    pub name: &'static str,
    /// Whether it counts for a source that can do this.
    pub counts: fn(Capabilities) -> bool,
    /// Tries it.
    pub run: for<'a> fn(&'a dyn SourceFixture) -> BoxFuture<'a, Result<(), Failure>>,
}

impl std::fmt::Debug for ContractCase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! cases {
    ($($module:ident::$name:ident if $counts:expr;)*) => {
        /// Every case.
        pub const ALL: &[ContractCase] = &[$(ContractCase {
            name: stringify!($name),
            counts: $counts,
            run: |subject| Box::pin($module::$name(subject)),
        }),*];
    };
}

cases! {
    found::what_is_published_is_found if any;
    found::another_version_platform_or_program_is_absent if any;
    found::nothing_published_is_absence_not_an_error if any;
    found::a_development_build_is_no_release if |can| can.dev;
    found::a_mirror_has_no_development_build if |can| !can.dev;
    found::published_digests_are_claimed if |can| can.claims;
    found::wrong_digests_are_handed_on if |can| can.claims;
    found::without_a_checksum_nothing_false_is_claimed if |can| can.releases;
    found::a_bare_program_is_found if |can| can.releases;
    found::one_platform_is_not_taken_for_another if |can| can.releases;
    listed::versions_are_listed if |can| can.releases && can.list;
    listed::an_unknown_line_lists_nothing if |can| can.releases && can.list;
    listed::what_cannot_be_listed_says_so if |can| can.releases && !can.list;
    listed::a_development_build_is_never_listed if |can| can.dev;
    carried::the_whole_arrives_as_published if any;
    carried::an_empty_file_arrives if any;
    carried::a_big_body_arrives_in_pieces if any;
    carried::a_transfer_continues_where_it_broke_off if |can| can.resume;
    carried::any_offset_gets_the_right_bytes if any;
    carried::replaced_bytes_start_again_from_zero if |can| can.resume;
    carried::nothing_is_left_at_the_end if any;
    carried::an_offset_beyond_the_end_starts_again if any;
    carried::a_missing_pointer_is_an_error if any;
    carried::a_pointer_cannot_leave_the_source if any;
    carried::names_differ_by_case if |can| can.releases;
    carried::many_read_at_once if any;
    carried::a_dropped_body_harms_nobody if any;
    shown::a_source_says_what_it_can if any;
    shown::a_source_names_itself_without_secrets if any;
}

fn any(_: Capabilities) -> bool {
    true
}

/// One release that this subject can carry, of these bytes.
fn one(subject: &dyn SourceFixture, seed: u64, length: usize) -> PublishedRelease {
    let bytes = noise(seed, length);
    if subject.capabilities().releases {
        PublishedRelease::archive("0.2.0", bytes)
    } else {
        PublishedRelease::dev(bytes)
    }
}
