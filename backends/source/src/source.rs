//! Where releases come from.

use std::fmt::{Debug, Display};

use async_trait::async_trait;

use crate::{Line, Name, Offer, Opened, Pointer, Release, Resume, SourceError, Version};

/// How much of a listing is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Every version.
    All,
    /// The newest is enough, where that is cheaper; all of them are a right answer too.
    Newest,
}

/// The versions that a source carries of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// These, in no particular order; none where the source does not know the line.
    Versions(Vec<Version>),
    /// The source cannot tell what it carries, for the reason given (a plain HTTP folder without an index).
    Unlistable(&'static str),
}

/// What a source can do; the contract suite expects accordingly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// It carries releases under their versions (a workspace carries only its development build).
    pub releases: bool,
    /// It carries a development build.
    pub dev: bool,
    /// It can list its versions.
    pub list: bool,
    /// It can continue from an offset.
    pub resume: bool,
    /// It names digests for what it carries.
    pub claims: bool,
}

/// Where releases come from. A source fetches; it never verifies, caches or places.
///
/// Its `Display` names it for people: its URL or path without secrets. Absence is a value
/// (`Ok(None)`, an empty listing); an error means that the source could not answer.
#[async_trait]
pub trait Source: Display + Debug + Send + Sync {
    /// What this source can do.
    fn capabilities(&self) -> Capabilities;

    /// What this source carries of one release, or `None`. We choose versions, sources don't.
    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError>;

    /// The versions of one line (all, or only the newest where that is cheaper), or that it cannot list.
    async fn list(&self, line: &Line, need: Need) -> Result<Listing, SourceError>;

    /// Bytes exactly as published, from an offset if the validator still holds, else from 0; the answer says which.
    async fn open(&self, what: &Pointer, from: &Resume) -> Result<Opened, SourceError>;

    /// The file of this machine behind a pointer, where there is one: for those who can copy it better than
    /// by reading a stream. Its bytes are as unchecked as any.
    fn local_file(&self, _what: &Pointer) -> Option<std::path::PathBuf> {
        None
    }

    /// Platforms for which the source carries `release`'s program at its version, where that is cheap to say:
    /// for the hint when `find` answered `None`.
    async fn platforms(&self, _binary: &Name, _version: &Version) -> Vec<crate::Platform> {
        Vec::new()
    }
}
