//! A damaged file or a full disk costs history, and nothing else.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use loom_history::{
    BodyKind, FallbackReason, History, HistoryError, HistoryReader, RunId, RunQuery, SpanRow,
};

use crate::{
    child,
    fixture::{body, file, found, settings, span},
};

/// A file with some runs.
pub(crate) fn filled(path: &Path) {
    let history = History::open(settings(path)).unwrap();
    for n in 1..=500 {
        let bodies = vec![body(BodyKind::Input, format!("text {n}").repeat(50))];
        history.sender().span_closed(SpanRow { bodies, ..span(n, 1) });
    }
}

pub(crate) fn write_one(history: &History) -> Vec<u128> {
    history.sender().span_closed(span(1_000, 1));
    found(history, &RunQuery { limit: 500, ..RunQuery::default() })
}

#[test]
fn a_file_that_was_cut_or_zeroed_is_set_aside_and_a_new_one_begun() {
    let (_folder, path) = file();
    filled(&path);
    let whole = fs::read(&path).unwrap();
    let aside = path.with_file_name("history.db.damaged");
    let zeroed = [vec![0; 4096], whole[4096..].to_vec()].concat();
    for damaged in [&whole[..whole.len() / 2], &whole[..5_000], &vec![0; whole.len()], &zeroed] {
        fs::write(&path, damaged).unwrap();
        let history = History::open(settings(&path)).unwrap();
        let reason = history.fallback();
        assert!(
            matches!(reason, Some(FallbackReason::BegunAnew { set_aside, .. }) if *set_aside == aside),
            "{reason:?}"
        );
        assert_eq!(write_one(&history), [1_000]);
        assert_eq!(fs::read(&aside).unwrap(), damaged, "it can be looked at");
        drop(history);
        assert_eq!(HistoryReader::open(&path).unwrap().counts().unwrap().runs, 1);
    }
}

#[test]
fn what_was_set_aside_is_removed_when_it_is_as_old_as_runs_may_be() {
    let (_folder, path) = file();
    let aside = path.with_file_name("history.db.damaged");
    let eight_days_ago = std::time::SystemTime::now() - Duration::from_secs(8 * 86_400);
    for (modified, is_kept) in [(std::time::SystemTime::now(), true), (eight_days_ago, false)] {
        fs::write(&aside, "damaged").unwrap();
        fs::File::options().write(true).open(&aside).unwrap().set_modified(modified).unwrap();
        drop(History::open(settings(&path)).unwrap());
        assert_eq!(aside.exists(), is_kept);
    }
}

#[test]
fn bytes_that_changed_anywhere_never_cost_more_than_history() {
    let (_folder, path) = file();
    filled(&path);
    let whole = fs::read(&path).unwrap();
    for round in 0..8 {
        // A page of 4 KiB at another place in each round, changed as a bad disk might.
        let mut damaged = whole.clone();
        let at = 100 + round * (whole.len() - 200) / 8;
        let end = (at + 3_000).min(damaged.len());
        damaged[at..end].iter_mut().step_by(7).for_each(|byte| *byte ^= 0x5a);
        for ending in ["-wal", "-shm"] {
            _ = fs::remove_file(path.with_file_name(format!("history.db{ending}")));
        }
        fs::write(&path, &damaged).unwrap();
        let history = History::open(settings(&path)).unwrap();
        let sender = history.sender();
        for n in 0..50 {
            sender.span_closed(SpanRow { agent: Some("a".to_owned()), ..span(2_000 + n, 1) });
        }
        // Whatever is damaged, a read tells it, the writer looks, and rows are written again.
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            _ = history.reader().runs(&RunQuery {
                text: Some("text".to_owned()),
                limit: 500,
                ..RunQuery::default()
            });
            _ = history.reader().counts();
            if history.flush().is_ok() && found(&history, &RunQuery::default()).contains(&2_049) {
                break;
            }
            assert!(Instant::now() < deadline, "round {round}: {:?}", history.health());
            thread::sleep(Duration::from_millis(20));
        }
        let has_lost = !history.reader().run(RunId(1)).is_ok_and(|run| run.is_some());
        let told = history.health().fallback;
        assert!(!has_lost || told.is_some_and(|told| told.contains("is damaged")), "round {round}");
    }
}

#[test]
fn a_file_of_another_program_is_left_alone() {
    let (folder, path) = file();
    let other = rusqlite::Connection::open(path.with_file_name("other.db")).unwrap();
    other.pragma_update(None, "journal_mode", "WAL").unwrap();
    other.execute_batch("CREATE TABLE mine(a); INSERT INTO mine VALUES(1);").unwrap();
    drop(other);
    let other = fs::read(path.with_file_name("other.db")).unwrap();
    for content in [b"a text, and no database at all".to_vec(), other, vec![0; 8192]] {
        fs::write(&path, &content).unwrap();
        let before = files(folder.path());
        let error = HistoryReader::open(&path).unwrap_err();
        assert!(matches!(error, HistoryError::Foreign(_)), "{error:?}");
        let history = History::open(settings(&path)).unwrap();
        let reason = history.fallback();
        assert!(
            matches!(reason, Some(FallbackReason::Unusable(HistoryError::Foreign(_)))),
            "{reason:?}"
        );
        assert_eq!(write_one(&history), [1_000]);
        assert_eq!((history.health().path, history.health().limit), (None, 64 << 20));
        drop(history);
        assert_eq!(files(folder.path()), before);
    }
}

/// The files of a folder with their contents and whether others may read them.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>, fs::Permissions)> {
    let each = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = each
        .filter(|path| path.is_file())
        .map(|path| {
            let permissions = path.metadata().unwrap().permissions();
            (path.clone(), fs::read(&path).unwrap(), permissions)
        })
        .collect();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    files
}

#[test]
fn another_program_that_has_its_tables_in_the_log_of_changes_is_left_alone() {
    let (folder, path) = file();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.pragma_update(None, "journal_mode", "WAL").unwrap();
    other.execute_batch("CREATE TABLE mine(a); INSERT INTO mine VALUES(1);").unwrap();
    let before = files(folder.path());
    let history = History::open(settings(&path)).unwrap();
    let reason = history.fallback();
    assert!(
        matches!(reason, Some(FallbackReason::Unusable(HistoryError::Foreign(_)))),
        "{reason:?}"
    );
    drop(history);
    assert_eq!(files(folder.path()), before);
}

#[cfg(unix)]
#[test]
fn a_link_a_pipe_and_a_device_are_left_alone() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let (folder, path) = file();
    let text = folder.path().join("text");
    fs::write(&text, "a text").unwrap();
    fs::set_permissions(&text, fs::Permissions::from_mode(0o444)).unwrap();
    symlink(&text, &path).unwrap();
    let pipe = folder.path().join("pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o644);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let before = files(folder.path());
    for path in [path, pipe.clone(), "/dev/null".into()] {
        let history = History::open(settings(&path)).unwrap();
        assert!(matches!(history.fallback(), Some(FallbackReason::Unusable(_))));
        assert_eq!(write_one(&history), [1_000]);
    }
    assert_eq!(files(folder.path()), before);
    assert_eq!(pipe.metadata().unwrap().permissions().mode() & 0o777, 0o644);
    assert!(!Path::new("/dev/null.lock").exists());
}

#[test]
fn a_newer_schema_is_refused_with_both_versions() {
    let (folder, path) = file();
    filled(&path);
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 3).unwrap();
    let error = HistoryReader::open(&path).unwrap_err();
    let expected =
        format!("the history {} has the schema 3; this version reads up to 2", path.display());
    assert_eq!(error.to_string(), expected);
    fs::remove_file(path.with_file_name("history.db.lock")).unwrap();
    let before = files(folder.path());
    let history = History::open(settings(&path)).unwrap();
    let reason = loom_base::error_chain(history.fallback().unwrap());
    assert_eq!(reason, format!("history is kept in memory and ends with this process: {expected}"));
    assert_eq!(write_one(&history), [1_000]);
    assert_eq!(files(folder.path()), before);
}

#[test]
fn an_empty_file_becomes_a_history() {
    let (_folder, path) = file();
    fs::write(&path, "").unwrap();
    let history = History::open(settings(&path)).unwrap();
    assert!(history.fallback().is_none());
    assert_eq!(write_one(&history), [1_000]);
}

const FULL_TEST: &str = "damage::a_full_disk_costs_rows_until_there_is_room_again";

/// Fills what the limit of this process allows, and goes on after it was raised.
#[cfg(unix)]
fn write_to_full_disk(path: &Path) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let history = History::open(settings(path)).unwrap();
    assert!(history.fallback().is_none(), "{:?}", history.fallback());
    let sender = history.sender();
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut next = 1;
    let mut longest = Duration::ZERO;
    let mut write = |next: &mut u128| {
        let bodies = vec![body(BodyKind::Input, format!("{next} ").repeat(50))];
        let begun = Instant::now();
        sender.span_closed(SpanRow { bodies, ..span(*next, 1) });
        longest = longest.max(begun.elapsed());
        *next += 1;
    };
    while history.health().error.is_none() || history.health().rows_failed == 0 {
        (0..200).for_each(|_| write(&mut next));
        thread::sleep(Duration::from_millis(5));
        assert!(Instant::now() < deadline, "{:?}", history.health());
    }
    assert!(history.flush().is_err());
    println!("full {}", history.health().error.unwrap());
    let mut limit = getrlimit(Resource::Fsize);
    limit.current = limit.maximum;
    setrlimit(Resource::Fsize, limit).unwrap();
    while history.flush().is_err() {
        thread::sleep(Duration::from_millis(50));
        assert!(Instant::now() < deadline, "{:?}", history.health());
    }
    write(&mut next);
    history.flush().unwrap();
    let health = history.health();
    assert_eq!(health.error, None);
    let lost = health.rows_failed + health.rows_missed;
    println!(
        "sent {} written {} lost {lost} longest {}",
        next - 1,
        health.rows_written,
        longest.as_millis()
    );
}

#[cfg(unix)]
#[test]
fn a_full_disk_costs_rows_until_there_is_room_again() {
    if let Some(path) = child::path_of("full") {
        return write_to_full_disk(&path);
    }
    let (_folder, path) = file();
    // Two MiB for each file, counted in blocks of 512 bytes; the signal that comes with the error is ignored.
    let limit = "trap '' 25; ulimit -S -f 4096";
    let mut child = child::command(FULL_TEST, "full", &path, Some(limit)).spawn().unwrap();
    child.stdin.take().unwrap().flush().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let lines: Vec<String> = output.lines().map_while(Result::ok).collect();
    assert!(child.wait().unwrap().success(), "{lines:?}");
    let line =
        lines.iter().find_map(|line| line.split_once("sent ")).expect("it came to its end").1;
    let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [sent, written, lost, longest] = numbers[..] else { panic!("{line}") };
    assert_eq!(sent, written + lost, "{line}");
    assert!(written > 0 && lost > 0 && longest < 1_000, "{line}");
    let history = History::open(settings(&path)).unwrap();
    assert!(history.fallback().is_none());
    assert_eq!(history.reader().counts().unwrap().spans, written);
}

#[test]
fn a_second_writer_writes_to_memory() {
    let (_folder, path) = file();
    let first = History::open(settings(&path)).unwrap();
    let second = History::open(settings(&path)).unwrap();
    let reason = second.fallback();
    assert!(matches!(reason, Some(FallbackReason::SecondWriter { .. })), "{reason:?}");
    #[cfg(target_os = "linux")]
    {
        let expected = format!("is written by process {}", std::process::id());
        assert!(reason.unwrap().to_string().contains(&expected), "{reason:?}");
    }
    assert_eq!((write_one(&second), write_one(&first)), (vec![1_000], vec![1_000]));
    drop((first, second));
    let third = History::open(settings(&path)).unwrap();
    assert!(third.fallback().is_none());
}
