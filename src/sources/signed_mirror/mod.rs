//! Mirrors whose index has to be signed: a root is known for them.
//!
//! | file | holds |
//! |---|---|
//! | `guarded_source` | [`GuardedSource`]: a source whose lists and offers count only with a signed index |
//! | `mirror_state` | [`SignedMirror`]: fetches and verifies roots, timestamp and index, once per run |
//! | `read_document` | reads one signed document, of limited size and in limited time |
//! | `known_roots` | [`MirrorRootRules`]: which roots are given, and whether others are kept at first sight |
//! | `first_sight` | [`FirstSight`]: a root that is kept because it is the first one that a mirror shows |
//! | `known_mirrors` | [`known_mirrors()`]: the mirrors of which a root is known, with the keys of their newest roots |
//! | `given_roots` | [`GivenRoots`]: the roots that the user added |
//! | `status` | [`MirrorStatus`]: what is known of a mirror, for display |
//! | `progress` | `MirrorProgress`: the newest root and index of each mirror that were accepted |
//!
//! What is accepted, [`crate::trust::mirror`] decides; here documents are fetched, and what has to be remembered is kept in
//! the state folder.

mod first_sight;
mod given_roots;
mod guarded_source;
mod known_mirrors;
mod known_roots;
mod mirror_state;
mod progress;
mod read_document;
mod status;

pub use first_sight::FirstSight;
pub use given_roots::{GivenRoot, GivenRoots};
pub use guarded_source::GuardedSource;
pub use known_mirrors::known_mirrors;
pub use known_roots::{MirrorRootRules, RootReadError};
pub use mirror_state::{IndexVouch, SignedMirror};
pub use read_document::read_signed_document;
pub use status::{MirrorStatus, RootOrigin};
