//! The record of a server that exited unexpectedly, kept until the next one is started or `down` is run: the user of
//! a detached runtime was not there to see it exit.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    time::SystemTime,
};

use loom_base::time::format_rfc3339;
use serde::{Deserialize, Serialize};

use super::{
    LaunchError, RuntimeDocument, Scope, ServerExit, instance_folder::InstanceFolder, log,
};
use crate::state::StateDir;

/// How a runtime exited unexpectedly: without a request to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndRecord {
    /// The version of this shape: 1.
    #[serde(default = "one")]
    pub schema: u32,
    /// The name of the program, such as `loom-bridge-server`.
    pub binary: String,
    /// The version of the release: `0.2.0`, or `dev` for a cargo build.
    pub version: String,
    /// How its process ended.
    pub ended: ServerExit,
    /// When: RFC 3339, UTC, whole seconds.
    pub at: String,
    /// The path of the project's folder.
    pub project: String,
    /// The path of the log.
    pub log: String,
}

fn one() -> u32 {
    1
}

impl std::fmt::Display for EndRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { binary, version, ended, at, .. } = self;
        write!(f, "{binary} {version} exited unexpectedly ({ended}) at {at}")
    }
}

/// The runtimes in `scope` that exited unexpectedly and that were neither replaced nor stopped with `down` since.
///
/// # Errors
/// [`LaunchError::State`] where the state folder cannot be read.
pub fn unexpected_ends(state: &StateDir, scope: Scope<'_>) -> Result<Vec<EndRecord>, LaunchError> {
    let mut found = Vec::new();
    for folder in scope.folders(state)? {
        // A record that cannot be read is not worth failing for.
        if let Ok(Some(end)) = folder.end_file().read_json::<EndRecord>()
            && !folder.is_alive()?
        {
            found.push(end);
        }
    }
    Ok(found)
}

/// Writes the record, and appends it to the log as the last line. The caller must hold the lock of the instance.
pub(super) fn keep(
    folder: &InstanceFolder,
    document: &RuntimeDocument,
    project: &str,
    ended: ServerExit,
) -> io::Result<()> {
    let end = EndRecord {
        schema: 1,
        binary: document.binary.clone(),
        version: document.version.clone(),
        ended,
        at: format_rfc3339(SystemTime::now()),
        project: project.to_owned(),
        log: document.log.clone(),
    };
    append_line(&folder.log(), &format!("loom: {end}"))?;
    folder.end_file().write_json(&end).map_err(io::Error::other)
}

/// Appends `line` on a line of its own.
fn append_line(log: &Path, line: &str) -> io::Result<()> {
    let separator = if at_line_start(log)? { "" } else { "\n" };
    // One write: processes that the server left behind may still write.
    log::reopen(log)?.write_all(format!("{separator}{line}\n").as_bytes())
}

/// Whether the next byte begins a line.
fn at_line_start(log: &Path) -> io::Result<bool> {
    let mut file = File::open(log)?;
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_appended_line_is_a_line_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        for (before, after) in [("", "end\n"), ("a\n", "a\nend\n"), ("a", "a\nend\n")] {
            fs::write(&log, before).unwrap();
            append_line(&log, "end").unwrap();
            assert_eq!(fs::read_to_string(&log).unwrap(), after);
        }
    }
}
