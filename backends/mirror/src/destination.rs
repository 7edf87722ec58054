//! [`Destination`]: a mirror that is written: a folder, or a prefix in a bucket.
//!
//! | module | holds |
//! |---|---|
//! | `object_body` | [`ObjectBody`]: the bytes of an object that is written |
//! | `version_tag` | [`VersionTag`]: which content of a file was read |
//! | `error` | [`DestinationError`] |
//! | `folder` | a folder of this machine |
//! | `open` | [`open_destination`]: the destination of a URL |

mod error;
mod folder;
mod object_body;
mod open;
mod version_tag;

use std::{
    fmt::{Debug, Display},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;

pub(crate) use self::version_tag::TagOf;
pub use self::{
    error::DestinationError, object_body::ObjectBody, open::open_destination,
    version_tag::VersionTag,
};

/// An object of this age is written again by whoever needs it, although it is there: a collection of garbage, which spares
/// young objects, may be about to remove it. The collection spares objects for longer than this.
pub const OBJECT_REFRESH_AGE: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// A mirror that is written. Keys are paths below its root, with `/` between their parts.
///
/// Objects never change, so that writing one twice is harmless. A file that changes is replaced only where it still has the
/// content that the writer read, so that writers at the same time lose nothing.
///
/// `Display` names the mirror by its URL or path, without secrets.
#[async_trait]
pub trait Destination: Debug + Display + Send + Sync {
    /// The bytes of a file of at most `max_bytes` bytes, and the tag of this content; `None` where the file does not exist.
    ///
    /// # Errors
    /// Where the file cannot be read, or is larger.
    async fn read(
        &self,
        key: &str,
        max_bytes: usize,
    ) -> Result<Option<(Bytes, VersionTag)>, DestinationError>;

    /// Size and time of a file; `None` where it does not exist.
    ///
    /// # Errors
    /// Where the destination cannot answer.
    async fn stat(&self, key: &str) -> Result<Option<FileStat>, DestinationError>;

    /// Writes a file whatever is there. What was written need not survive a power failure before [`sync`](Self::sync).
    ///
    /// # Errors
    /// Where the file cannot be written. A file of this name is then unchanged.
    async fn write(&self, key: &str, body: ObjectBody) -> Result<(), DestinationError>;

    /// Replaces a file whose content has the tag `expected`; without a tag, a file that does not exist. What was written
    /// survives a power failure.
    ///
    /// # Errors
    /// Where the file cannot be written. Another content is no error: see [`Replacement`].
    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&VersionTag>,
    ) -> Result<Replacement, DestinationError>;

    /// All files whose keys begin with `prefix`, which is empty or ends with `/`; in no particular order.
    ///
    /// # Errors
    /// Where the destination cannot be listed, or has more than a million files.
    async fn list(&self, prefix: &str) -> Result<Vec<ListedFile>, DestinationError>;

    /// Removes a file; one that does not exist is no error.
    ///
    /// # Errors
    /// Where the file cannot be removed.
    async fn delete(&self, key: &str) -> Result<(), DestinationError>;

    /// Waits until everything that was written and removed survives a power failure.
    ///
    /// # Errors
    /// Where that cannot be had. What was written since the last call must then be written again.
    async fn sync(&self) -> Result<(), DestinationError> {
        Ok(())
    }

    /// A folder on the file system of the destination, in which a file that is written later can be made: it is then
    /// moved, not copied. `None` where any folder serves.
    ///
    /// # Errors
    /// Where the folder cannot be made.
    fn staging(&self) -> Result<Option<PathBuf>, DestinationError> {
        Ok(None)
    }

    /// Writes an object, unless it is there with this size and is younger than [`OBJECT_REFRESH_AGE`].
    ///
    /// # Errors
    /// As for [`stat`](Self::stat) and [`write`](Self::write).
    async fn put_object(
        &self,
        key: &str,
        body: ObjectBody,
    ) -> Result<PutOutcome, DestinationError> {
        if let Some(stat) = self.stat(key).await?
            && stat.size == body.size()
            && stat.is_younger(OBJECT_REFRESH_AGE, SystemTime::now())
        {
            return Ok(PutOutcome::Present);
        }
        self.write(key, body).await?;
        Ok(PutOutcome::Written)
    }
}

/// Size and time of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// The size in bytes.
    pub size: u64,
    /// When the file was written last.
    pub modified: SystemTime,
}

impl FileStat {
    /// Whether the file was written less than `age` before `now`. A time in the future counts as now.
    pub fn is_younger(&self, age: Duration, now: SystemTime) -> bool {
        now.duration_since(self.modified).unwrap_or_default() < age
    }
}

/// A file of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// The key.
    pub key: String,
    /// Size and time.
    pub stat: FileStat,
}

/// The result of [`Destination::put_object`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object was written.
    Written,
    /// The object is there.
    Present,
}

/// The result of [`Destination::replace`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacement {
    /// The file has the new content.
    Replaced,
    /// The file has another content than the writer read, and was not changed.
    Conflict,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_the_future_counts_as_now() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        for (seconds, younger) in [(999_000, true), (1_000_500, true), (100, false)] {
            let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            let stat = FileStat { size: 1, modified };
            assert_eq!(stat.is_younger(Duration::from_secs(5_000), now), younger, "{seconds}");
        }
    }
}
