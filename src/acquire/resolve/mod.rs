//! Resolves `latest` or a range to one version, or to a cargo build.
//!
//! | file | holds |
//! |---|---|
//! | [`newest`] | [`newest_version`]: the newest version at one source; `get` and `source test` decide by it |
//! | [`newer`] | [`newer_versions`]: which versions the sources have beside the one that runs |
//! | [`recalled`] | [`recalled_version`]: which installed version a selector means by the last lists |
//! | `choose` | chooses among the versions of a list |
//! | `downgrade` | notices a source that goes back to an older version |
//! | `listing_cache` | `ListingCache`: the last list of each source |
//! | `ask` | asks one source for its versions, or reads its last list |
//! | `asked` | `Asked`: a source that is asked |
//! | `withdrawn` | versions that no range selects any more |
//! | `undecided` | what it means when no source decides |
//! | `resolution` | `Resolution`: what a selector resolved to |
//! | `resolver` | `Resolver`: asks source after source |
//! | `search` | `VersionSearch`: how far it has come |
//! | [`remote`] | what every source offers, for `loom list --remote` |

mod ask;
mod asked;
mod choose;
mod downgrade;
mod listing_cache;
pub mod newer;
pub mod newest;
pub mod recalled;
pub mod remote;
mod resolution;
mod resolver;
mod search;
mod undecided;
mod withdrawn;

pub use downgrade::check_downgrade;
pub use newer::{NewerQuery, NewerVersions, is_update, newer_versions};
pub use newest::{NewestVersion, newest_version};
pub(super) use recalled::forget_older_list;
pub use recalled::recalled_version;
pub use resolution::Compared;
pub(super) use resolution::Resolution;
pub(super) use resolver::Resolver;
pub use search::MAX_LOWER_VERSIONS;
pub(super) use undecided::reason as failure_reason;
pub use withdrawn::withdrawn_versions;
