//! Opens configured sources: from a [`SourceSpec`](crate::config::SourceSpec) to a [`Candidate`] that can be requested.
//!
//! | file | holds |
//! |---|---|
//! | `opener` | [`Opener`]: the values that opening depends on |
//! | `open` | opens one source, or all configured sources in order ([`OpenedSources`]) |
//! | `mirror`, `github`, `oci`, `plugin`, `cargo_build` | one kind of source each |
//! | `error` | [`OpenError`] |
//! | `candidate` | [`Candidate`]: an opened source in its position of the order, and its [`Reach`] |
//! | `network` | [`NetworkDefaults`]: proxies, certificates and offline mode, shared by all sources |
//! | `source_class` | [`SourceClass`]: the class of source that a release came from |
//! | [`proxies`], [`certificates`] | the proxies and certificates that the environment names |
//! | [`netrc`], `netrc_file` | logins from the user's `.netrc` |
//! | `object_store`, `aws_profile` | credentials of object stores |
//! | `oci_logins` | the files in which docker and podman keep logins |
//! | `plugin_program` | where the program of a plugin may be found |
//! | [`signed_mirror`] | mirrors whose index has to be signed |
//! | `answer_limit` | `AnswerLimit`: limits how long all requests for one answer may take together |
//! | `bounded` | [`Bounded`]: limits how long a folder that may hang is waited for |
//! | `shared_documents` | [`SharedDocuments`]: documents that a source keeps from run to run |
//!
//! Opening connects to nothing and starts nothing: it reads the environment (as values), `.netrc`, certificate files
//! and the state folder.

mod answer_limit;
mod aws_profile;
mod bounded;
mod candidate;
mod cargo_build;
pub mod certificates;
mod error;
mod github;
mod mirror;
pub mod netrc;
mod netrc_file;
mod network;
mod object_store;
mod oci;
mod oci_logins;
mod open;
mod opener;
mod plugin;
mod plugin_program;
pub mod proxies;
mod shared_documents;
pub mod signed_mirror;
mod source_class;

use answer_limit::AnswerLimit;
pub use bounded::Bounded;
pub use candidate::{Candidate, Reach};
pub use error::OpenError;
pub use netrc_file::NetrcFile;
pub use network::NetworkDefaults;
pub use open::{OpenNotice, OpenedSources};
pub use opener::Opener;
pub use shared_documents::SharedDocuments;
pub use signed_mirror::{
    FirstSight, GivenRoot, GivenRoots, GuardedSource, IndexVouch, MirrorRootRules, MirrorStatus,
    RootOrigin, RootReadError, SignedMirror, known_mirrors, read_signed_document,
};
pub use source_class::SourceClass;
