//! Configured sources, ready to be asked.
//!
//! | file | holds |
//! |---|---|
//! | `candidate` | [`Candidate`]: a source in its place of the order, and how far away it is ([`Reach`]) |
//! | `bounded` | [`Bounded`]: a folder that may hang is not waited for longer than its timeout |
//! | `source_class` | [`SourceClass`]: what kind of source a release came from |
//! | `shared_documents` | [`SharedDocuments`]: what a source keeps from run to run |

mod bounded;
mod candidate;
mod shared_documents;
mod source_class;

pub use bounded::Bounded;
pub use candidate::{Candidate, Reach};
pub use shared_documents::SharedDocuments;
pub use source_class::SourceClass;
