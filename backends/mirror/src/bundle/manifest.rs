//! [`BundleManifest`]: the first file of a bundle, which lists all others.

use std::fmt::Write as _;

use loom_source::json;
use serde::{Deserialize, Serialize};

use super::{
    file::BundleFile,
    tar_header::{self, TarHeader},
};
use crate::transport::check_key;

/// The largest number of files in a bundle.
pub(crate) const MAX_FILES: usize = 100_000;

/// The largest manifest, in bytes.
pub(crate) const MAX_MANIFEST: u64 = 64 * 1024 * 1024;

/// The schema of a manifest.
const SCHEMA: &str = "loom-bundle 1";

/// The list of all files of a bundle.
///
/// # Examples
/// ```
/// use loom_mirror::bundle::{BundleFile, BundleManifest};
/// use loom_source::Digest;
///
/// let text = "loom-store 1\n";
/// let file = BundleFile {
///     path: "format".to_owned(),
///     size: text.len() as u64,
///     sha256: Digest::of(text.as_bytes()),
///     executable: false,
/// };
/// let manifest = BundleManifest { time: 315_532_800, signer: None, files: vec![file] };
/// assert_eq!(BundleManifest::parse(&manifest.to_bytes())?, manifest);
/// # Ok::<(), loom_mirror::bundle::ManifestError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleManifest {
    /// The modification time of all files, in seconds since 1970.
    pub time: u64,
    /// The public minisign key of the signature, as one line of base64; `None` where the bundle has no signature. It
    /// shows which key to look for, and is no reason to trust it.
    pub signer: Option<String>,
    /// The files, sorted by the bytes of their paths.
    pub files: Vec<BundleFile>,
}

/// Why bytes are not a manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON of the expected shape.
    #[error("not a valid manifest of a bundle")]
    Json(#[source] serde_json::Error),
    /// Another schema.
    #[error("expected the schema {SCHEMA:?}, got {0:?}")]
    Schema(String),
    /// A file that no bundle can have.
    #[error("a bundle cannot hold {path:?}: {why}")]
    Path {
        /// The path of the file.
        path: String,
        /// The reason.
        why: &'static str,
    },
    /// Two files in the wrong order, or with the same path.
    #[error("the files are not sorted by their paths: {0:?} comes too late")]
    Order(String),
    /// More files than a reader accepts.
    #[error("expected at most {MAX_FILES} files, got {0}")]
    TooMany(usize),
    /// The same values, written in another form.
    #[error("the manifest is not written in the form that store-format.md defines")]
    Form,
}

#[derive(Deserialize)]
struct ManifestText {
    schema: String,
    time: u64,
    signer: Option<String>,
    #[serde(deserialize_with = "json::at_most::<MAX_FILES, _, _>")]
    files: Vec<BundleFile>,
}

/// The value on one line of JSON. Strings and numbers always serialise.
fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl BundleManifest {
    /// The path of the manifest in the archive.
    pub const PATH: &'static str = "bundle.json";

    /// The path of its signature.
    pub const SIGNATURE_PATH: &'static str = "bundle.json.minisig";

    /// Reads a manifest.
    ///
    /// # Errors
    /// Where the bytes are not exactly those of a manifest: see [`ManifestError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let text: ManifestText = serde_json::from_slice(bytes).map_err(ManifestError::Json)?;
        if text.schema != SCHEMA {
            return Err(ManifestError::Schema(text.schema));
        }
        let manifest = Self { time: text.time, signer: text.signer, files: text.files };
        manifest.check()?;
        // A manifest has one form, so that no byte of it can change without a value.
        if manifest.to_bytes() == bytes { Ok(manifest) } else { Err(ManifestError::Form) }
    }

    /// The bytes of the manifest: one line for each file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{{\"schema\":\"{SCHEMA}\",\"time\":{}", self.time);
        if let Some(signer) = &self.signer {
            let _ = write!(text, ",\"signer\":{}", json_text(signer));
        }
        text.push_str(",\"files\":[");
        for (at, file) in self.files.iter().enumerate() {
            text.push_str(if at == 0 { "\n" } else { ",\n" });
            text.push_str(&json_text(file));
        }
        text.push_str("\n]}\n");
        text.into_bytes()
    }

    /// The file with this path.
    pub fn file(&self, path: &str) -> Option<&BundleFile> {
        self.position(path).map(|at| &self.files[at])
    }

    /// The place of the file with this path among the files.
    pub(crate) fn position(&self, path: &str) -> Option<usize> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()
    }

    /// The files below a folder; all of them for the empty one.
    pub(crate) fn below(&self, folder: &str) -> &[BundleFile] {
        if folder.is_empty() {
            return &self.files;
        }
        let prefix = format!("{folder}/");
        let start = self.files.partition_point(|file| file.path < prefix);
        let rest = &self.files[start..];
        let count = rest.partition_point(|file| file.path.starts_with(&prefix));
        &rest[..count]
    }

    /// Refuses files that a bundle cannot hold.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub(crate) fn check(&self) -> Result<(), ManifestError> {
        if self.files.len() > MAX_FILES {
            return Err(ManifestError::TooMany(self.files.len()));
        }
        let mut last: Option<&str> = None;
        for file in &self.files {
            let path = file.path.as_str();
            if last.is_some_and(|last| last >= path) {
                return Err(ManifestError::Order(path.to_owned()));
            }
            last = Some(path);
            self.check_path(path)
                .and_then(|()| TarHeader::of(file, self.time).map(|_| ()))
                .map_err(|why| ManifestError::Path { path: path.to_owned(), why })?;
        }
        Ok(())
    }

    fn check_path(&self, path: &str) -> Result<(), &'static str> {
        check_key(path)?;
        if !path.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return Err("its path is not printable ASCII");
        }
        if path == Self::PATH || path == Self::SIGNATURE_PATH {
            return Err("the name belongs to the bundle itself");
        }
        let mut parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        if parents.any(|parent| self.position(parent).is_some()) {
            return Err("one of its folders is a file");
        }
        Ok(())
    }

    /// The entry of the manifest itself, whose digest it cannot state.
    pub(crate) fn own_file(size: u64) -> BundleFile {
        tar_header::unlisted(Self::PATH, size)
    }

    /// The entry of the signature.
    pub(crate) fn signature_file(size: u64) -> BundleFile {
        tar_header::unlisted(Self::SIGNATURE_PATH, size)
    }
}
