//! The file of a history is removed, replaced or cut while it is written.
#![cfg(unix)]

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use loom_history::{History, HistoryReader, RunQuery};

use crate::{
    damage::{filled, write_one},
    fixture::{file, found, settings, span},
};

/// Writes a run now and then, until the history tells of a new begin and has the run.
fn wait_for_new_begin(history: &History, run: u128) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while history.health().fallback.is_none() || history.flush().is_err() {
        assert!(Instant::now() < deadline, "{:?}", history.health());
        thread::sleep(Duration::from_millis(20));
    }
    history.sender().span_closed(span(run, 1));
    assert!(found(history, &RunQuery::default()).contains(&run));
    assert_eq!(history.health().error, None);
}

#[test]
fn a_file_that_is_removed_replaced_or_cut_while_it_is_written_is_begun_anew() {
    for change in ["remove", "remove the folder", "replace", "cut the log", "remove the log"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs/history.db");
        let file = |ending: &str| path.with_file_name(format!("history.db{ending}"));
        let copy = folder.path().join("copy");
        filled(&path);
        fs::copy(&path, &copy).unwrap();
        let history = History::open(settings(&path)).unwrap();
        history.sender().span_closed(span(1_000, 1));
        assert_eq!(found(&history, &RunQuery { limit: 500, ..RunQuery::default() }).len(), 500);
        thread::sleep(Duration::from_millis(1_200));
        assert_eq!(history.health().fallback, None);
        match change {
            "remove" => ["", "-wal", "-shm"]
                .into_iter()
                .for_each(|ending| fs::remove_file(file(ending)).unwrap()),
            "remove the folder" => fs::remove_dir_all(path.parent().unwrap()).unwrap(),
            "replace" => fs::rename(&copy, &path).unwrap(),
            "cut the log" => {
                fs::File::options().write(true).open(file("-wal")).unwrap().set_len(100).unwrap()
            }
            _ => fs::remove_file(file("-wal")).unwrap(),
        }
        wait_for_new_begin(&history, 2_000);
        let told = history.health().fallback.unwrap();
        let expected = format!(
            "the history {} was removed, replaced or cut by another program; a new one was begun",
            path.display()
        );
        let aside = format!(", and the rest is {}", file(".damaged").display());
        let aside =
            if change.starts_with("remove the f") || change == "remove" { "" } else { &aside };
        assert_eq!(told, expected + aside, "{change}");
        drop(history);
        // The run that goes on, and the one after.
        assert_eq!(HistoryReader::open(&path).unwrap().counts().unwrap().runs, 2, "{change}");
    }
}

#[test]
fn a_file_of_another_program_that_takes_its_place_is_left_alone() {
    let (folder, path) = file();
    let history = History::open(settings(&path)).unwrap();
    assert_eq!(write_one(&history), [1_000]);
    let other = folder.path().join("other");
    fs::write(&other, "a text").unwrap();
    fs::rename(&other, &path).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !history.health().error.is_some_and(|error| error.contains("is not a history of Loom")) {
        assert!(Instant::now() < deadline, "{:?}", history.health());
        thread::sleep(Duration::from_millis(20));
    }
    assert!(history.flush().is_err());
    assert_eq!(fs::read(&path).unwrap(), b"a text");
    fs::remove_file(&path).unwrap();
    wait_for_new_begin(&history, 2_000);
}
