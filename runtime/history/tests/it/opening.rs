//! Where a history is, and who can read it.

use std::fs;

use loom_history::{
    FallbackReason, History, HistoryError, HistoryReader, HistorySettings, RunQuery,
};

use crate::fixture::{file, found, settings, span};

#[cfg(unix)]
#[test]
fn only_the_user_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/history.db");
    let history = History::open(settings(&path)).unwrap();
    history.sender().span_closed(span(1, 1));
    history.flush().unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for ending in ["", "-wal", "-shm", ".lock"] {
        let file = path.with_file_name(format!("history.db{ending}"));
        assert_eq!(mode(&file), 0o600, "{ending}");
    }
    drop(history);
    // A file that others could read is closed to them.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    drop(History::open(settings(&path)).unwrap());
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_path_that_cannot_be_a_file_means_memory() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [folder.path().to_owned(), file.join("history.db")] {
        let history = History::open(settings(&path)).unwrap();
        let reason = history.fallback();
        assert!(
            matches!(reason, Some(FallbackReason::Unusable(HistoryError::Io { .. }))),
            "{reason:?}"
        );
        history.sender().span_closed(span(7, 1));
        assert_eq!(found(&history, &RunQuery::default()), [7]);
    }
}

#[test]
fn a_reader_needs_a_file_and_reads_beside_a_writer_and_after_it() {
    let (_folder, path) = file();
    let error = HistoryReader::open(&path).unwrap_err();
    assert!(matches!(error, HistoryError::Missing(_)), "{error:?}");
    assert!(!path.exists(), "a reader creates nothing");
    let history = History::open(settings(&path)).unwrap();
    history.sender().span_closed(span(1, 1));
    history.flush().unwrap();
    let reader = HistoryReader::open(&path).unwrap();
    assert_eq!(reader.counts().unwrap().runs, 1);
    history.sender().span_closed(span(2, 1));
    history.flush().unwrap();
    assert_eq!(reader.counts().unwrap().runs, 2);
    drop(history);
    assert_eq!(reader.runs(&RunQuery::default()).unwrap().runs.len(), 2);
    assert_eq!(HistoryReader::open(&path).unwrap().counts().unwrap().runs, 2);
}

#[test]
fn a_history_in_memory_is_gone_with_it() {
    let history = History::open(HistorySettings::memory()).unwrap();
    history.sender().span_closed(span(1, 1));
    assert_eq!(found(&history, &RunQuery::default()), [1]);
    let (sender, reader) = (history.sender(), history.reader());
    drop(history);
    sender.span_closed(span(2, 1));
    assert_eq!(reader.counts().unwrap().runs, 1);
}
