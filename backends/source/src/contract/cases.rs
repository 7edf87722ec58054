//! The cases. Each publishes what it needs, calls the source, and fails with a message that says expected and got.

mod display;
mod find;
mod list;
mod open;

use futures::future::BoxFuture;

use super::{failure::Failure, fixture::SourceFixture};
use crate::Capabilities;

/// A case of the suite: one property of sources.
#[derive(Clone, Copy)]
pub struct ContractCase {
    /// The property, as a sentence with underscores.
    pub name: &'static str,
    /// Whether the case applies to a source with these capabilities.
    pub applies: fn(Capabilities) -> bool,
    /// Runs the case.
    pub run: for<'a> fn(&'a dyn SourceFixture) -> BoxFuture<'a, Result<(), Failure>>,
}

impl std::fmt::Debug for ContractCase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! cases {
    ($($module:ident::$name:ident if $applies:expr;)*) => {
        /// Every case.
        pub const ALL: &[ContractCase] = &[$(ContractCase {
            name: stringify!($name),
            applies: $applies,
            run: |fixture| Box::pin($module::$name(fixture)),
        }),*];
    };
}

cases! {
    find::a_published_release_is_found if any;
    find::another_version_platform_or_binary_is_absent if any;
    find::an_empty_source_is_absence_not_an_error if any;
    find::a_development_build_has_no_version if |can| can.dev;
    find::a_source_of_releases_has_no_development_build if |can| !can.dev;
    find::published_digests_are_claimed if |can| can.claims;
    find::wrong_digests_are_passed_on if |can| can.claims;
    find::a_release_without_checksum_has_no_wrong_digest if |can| can.releases;
    find::a_bare_executable_is_found if |can| can.releases;
    find::platforms_are_not_confused if |can| can.releases;
    list::versions_are_listed if |can| can.releases && can.list;
    list::an_unknown_product_has_no_versions if |can| can.releases && can.list;
    list::a_source_that_cannot_list_gives_the_reason if |can| can.releases && !can.list;
    list::a_development_build_is_never_listed if |can| can.dev;
    open::a_file_arrives_as_published if any;
    open::an_empty_file_arrives if any;
    open::a_large_file_arrives_in_pieces if any;
    open::an_interrupted_transfer_is_resumed if |can| can.resume;
    open::any_offset_has_the_right_bytes if any;
    open::replaced_bytes_start_from_zero if |can| can.resume;
    open::an_offset_at_the_end_has_no_bytes if any;
    open::an_offset_beyond_the_end_starts_from_zero if any;
    open::a_missing_asset_is_an_error if any;
    open::an_asset_outside_the_source_is_an_error if any;
    open::asset_names_are_case_sensitive if |can| can.releases;
    open::concurrent_reads_are_independent if any;
    open::a_dropped_body_has_no_effect if any;
    display::capabilities_are_reported if any;
    display::names_and_errors_show_no_secrets if any;
}

fn any(_: Capabilities) -> bool {
    true
}
