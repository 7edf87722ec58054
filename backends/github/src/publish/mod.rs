//! Publishes a release: a draft until it is complete, then public.
//!
//! | file | holds |
//! |---|---|
//! | `publisher` | [`Publisher`]: publishes a release, and goes on where an earlier run ended |
//! | `request` | [`PublishRequest`] and [`PublishFile`]: what is published; [`Publication`]: what was done |
//! | `plan` | what is missing at the server, as a pure function |
//! | `remote_release` | the release as the server describes it |
//! | `find` | finds the release or the draft of a tag |
//! | `write_api` | requests that change something, and the waits that the server asks for |
//! | `upload` | uploads of files |
//! | `event` | [`PublishEvent`]: progress, for display |
//! | `error` | [`PublishError`] |

mod error;
mod event;
mod find;
mod plan;
mod publisher;
mod remote_release;
mod request;
mod upload;
mod write_api;

pub use error::PublishError;
pub use event::PublishEvent;
pub use publisher::Publisher;
pub use request::{Publication, PublishFile, PublishRequest};
