//! The history of the project's runs: its size, and its age.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use indicatif::HumanBytes;
use loom_base::{clean, error_chain, time::ago};
use loom_environment::HistoryChoice;
use loom_runtime::{
    config::Flags,
    launch::{self, HistoryObstacle},
};

use super::check::DoctorCheck;
use crate::cli::{
    CommandError, context::Context, kept_history::kept_history, project_scope::ProjectScope,
};

const NAME: &str = "history";
/// What SQLite keeps beside a file while it is written.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// The check of the project's history.
pub(super) fn check(context: &Context) -> DoctorCheck {
    let project = match ProjectScope::of(context) {
        Ok(project) => project,
        Err(error) => return DoctorCheck::error(NAME, error),
    };
    let file = match context.resolve(Flags::default()) {
        Ok(resolved) => match kept_history(&resolved, &project) {
            HistoryChoice::File(file) => file,
            HistoryChoice::Memory => {
                return DoctorCheck::ok(NAME, "in memory: it ends with the runtime");
            }
            HistoryChoice::Off => return DoctorCheck::ok(NAME, "off"),
        },
        // Another check tells what is wrong with the configuration.
        Err(_) => launch::history_of(&project.state, &project.project, &project.binary),
    };
    if let Err(obstacle) = launch::examine_history(&file) {
        let message = format!("`loom up` keeps runs in memory: {}", error_chain(&obstacle));
        return DoctorCheck::warning(NAME, clean::text(&message)).hint(hint(&obstacle));
    }
    match describe(&file, SystemTime::now()) {
        Ok(message) => DoctorCheck::ok(NAME, message),
        Err(error) => {
            let message = format!("could not examine {}", file.display());
            let error =
                CommandError { message, ..CommandError::of(crate::cli::Exit::Failure, &error) };
            DoctorCheck::error(NAME, error)
        }
    }
}

fn hint(obstacle: &HistoryObstacle) -> &'static str {
    match obstacle {
        HistoryObstacle::NewerSchema { .. } => {
            "a newer loom and its runtime read it; or move it away, or name another file with history.file"
        }
        _ => "move it away, or name another file with history.file",
    }
}

fn describe(file: &Path, now: SystemTime) -> std::io::Result<String> {
    let metadata = match fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok("no run of this project is kept yet".to_owned());
        }
        Err(error) => return Err(error),
    };
    let (mut size, mut written) = (metadata.len(), metadata.modified()?);
    for companion in COMPANIONS {
        if let Ok(metadata) = fs::metadata(beside(file, companion)) {
            size += metadata.len();
            written = written.max(metadata.modified()?);
        }
    }
    let ago = |time| ago(now.duration_since(time).unwrap_or_default());
    // Not every file system knows when a file was made.
    let begun = metadata.created().map(|created| format!(", begun {}", ago(created)));
    let (size, written, begun) = (HumanBytes(size), ago(written), begun.unwrap_or_default());
    Ok(format!("{size}{begun}, last written {written}: {}", file.display()))
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn size_and_age_count_the_log_of_changes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("h.db");
        let now = SystemTime::now() + Duration::from_secs(7200);
        assert_eq!(describe(&file, now).unwrap(), "no run of this project is kept yet");
        fs::write(&file, [0; 1024]).unwrap();
        fs::write(beside(&file, "-wal"), [0; 1024]).unwrap();
        let message = describe(&file, now).unwrap();
        assert!(message.starts_with("2.00 KiB"), "{message}");
        assert!(message.contains("last written 2"), "{message}");
    }
}
