//! The end of a server that nobody had asked for, kept until somebody starts or ends something in its place: who
//! had it run on its own was not there to see it.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use super::{Ended, LaunchError, RuntimeDocument, Scope, folder::InstanceFolder, log};

/// How a runtime ended by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndRecord {
    /// The program's name, such as `loom-bridge-server`.
    pub binary: String,
    /// `0.2.0`, `dev`.
    pub version: String,
    /// How its process ended.
    pub ended: Ended,
    /// When, as in RFC 3339, in UTC and whole seconds.
    pub at: String,
    /// The project's folder.
    pub project: String,
    /// The log file.
    pub log: String,
}

impl std::fmt::Display for EndRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ended by itself ({}) at {}", self.binary, self.ended, self.at)
    }
}

/// The runtimes that ended by themselves and that nobody has replaced or looked after since.
pub fn ends(state: &Path, whose: Scope<'_>) -> Result<Vec<EndRecord>, LaunchError> {
    let mut found = Vec::new();
    for folder in whose.folders(state)? {
        if let Some(end) = read(&folder)
            && !folder.alive()?
        {
            found.push(end);
        }
    }
    Ok(found)
}

fn read(folder: &InstanceFolder) -> Option<EndRecord> {
    serde_json::from_slice(&fs::read(folder.end_file()).ok()?).ok()
}

/// Keeps it, and says it as the last line of the log. Only who holds the instance's lock may.
pub(super) fn keep(
    folder: &InstanceFolder,
    document: &RuntimeDocument,
    project: &str,
    ended: Ended,
) -> io::Result<()> {
    let end = EndRecord {
        binary: document.binary.clone(),
        version: document.version.clone(),
        ended,
        at: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        project: project.to_owned(),
        log: document.log.clone(),
    };
    last_line(&folder.log(), &format!("loom: {end}"))?;
    let mut aside = tempfile::NamedTempFile::new_in(folder.path())?;
    serde_json::to_writer(&mut aside, &end)?;
    aside.persist(folder.end_file())?;
    Ok(())
}

fn last_line(log: &Path, line: &str) -> io::Result<()> {
    let begun = if ends_whole(log)? { "" } else { "\n" };
    // At once: what the server left behind may still write.
    log::again(log)?.write_all(format!("{begun}{line}\n").as_bytes())
}

/// Whether the next byte begins a line.
fn ends_whole(log: &Path) -> io::Result<bool> {
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
    use super::*;

    #[test]
    fn the_last_line_is_one_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        for (before, after) in [("", "end\n"), ("a\n", "a\nend\n"), ("a", "a\nend\n")] {
            fs::write(&log, before).unwrap();
            last_line(&log, "end").unwrap();
            assert_eq!(fs::read_to_string(&log).unwrap(), after);
        }
    }
}
