//! `loom doctor --bundle FILE`: what a report of a problem needs, in one archive, without secrets.
//!
//! | file | holds |
//! |---|---|
//! | `parts` | the documents and logs that the archive has |
//! | `secrets` | the secrets that this machine knows, to be recognised in logs |
//! | `redaction` | [`Redaction`]: text without secrets |
//!
//! Every part goes through the redaction, also those that have no secrets by themselves, and has a size limit.

mod parts;
mod redaction;
mod secrets;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use flate2::{Compression, write::GzEncoder};
use loom_base::atomic_file::check_replaceable;
use serde_json::{Value, json};

use self::{parts::BundlePart, redaction::Redaction};
use crate::cli::{CommandError, Exit, context::Context, path_text::shown};

/// The folder in the archive.
const FOLDER: &str = "loom-doctor";

/// An archive that was written.
#[derive(Debug)]
pub(super) struct ReportArchive {
    path: PathBuf,
    parts: Vec<BundlePart>,
}

/// Writes the archive; `doctor` is the document of the checks.
///
/// # Errors
/// Where the file is there and `force` is not set, or cannot be written.
pub(super) fn write(
    context: &Context,
    doctor: &Value,
    file: &Path,
    force: bool,
) -> Result<ReportArchive, CommandError> {
    let path = context.cwd()?.join(file);
    if path.exists() && !force {
        return Err(exists(&path));
    }
    let redaction = Redaction::of(&secrets::known(context));
    let parts = parts::all(context, doctor, &redaction);
    let unwritten = |error: io::Error| {
        CommandError::new(Exit::Failure, format!("could not write {}: {error}", path.display()))
    };
    check_replaceable(&path).map_err(unwritten)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // A temporary file is its user's alone, and so is what it is renamed to.
    let file =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(unwritten)?;
    let file = archive(file, &parts).map_err(unwritten)?;
    if force {
        file.persist(&path).map_err(|e| unwritten(e.error))?;
    } else {
        file.persist_noclobber(&path).map_err(|e| match e.error.kind() {
            io::ErrorKind::AlreadyExists => exists(&path),
            _ => unwritten(e.error),
        })?;
    }
    Ok(ReportArchive { path, parts })
}

fn exists(path: &Path) -> CommandError {
    CommandError::new(Exit::Usage, format!("{} is there already", path.display()))
        .hint("name another file, or replace it with --force")
}

/// Writes the parts as a .tar.gz.
fn archive(
    file: tempfile::NamedTempFile,
    parts: &[BundlePart],
) -> io::Result<tempfile::NamedTempFile> {
    let now =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::default()));
    for part in parts {
        let mut header = tar::Header::new_gnu();
        header.set_size(part.text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(now);
        tar.append_data(&mut header, format!("{FOLDER}/{}", part.name), part.text.as_bytes())?;
    }
    let mut file = tar.into_inner()?.finish()?;
    file.flush()?;
    file.as_file().sync_all()?;
    Ok(file)
}

impl ReportArchive {
    /// The path and the contents.
    pub(super) fn json(&self) -> Value {
        let part = |part: &BundlePart| json!({"name": part.name, "size": part.text.len(), "cut": part.is_cut});
        json!({"path": shown(&self.path), "parts": self.parts.iter().map(part).collect::<Vec<_>>()})
    }

    /// The path, and a line for each part.
    pub(super) fn human(&self) -> String {
        let line = |part: &BundlePart| {
            let cut = if part.is_cut { ", cut" } else { "" };
            format!("  {:>8}  {}{cut}\n", part.text.len(), part.name)
        };
        let lines: String = self.parts.iter().map(line).collect();
        let path = self.path.display();
        format!(
            "wrote {path}, with these files (sizes in bytes):\n{lines}\nRead it before you send it: logs are searched for known secrets only.\n"
        )
    }
}
