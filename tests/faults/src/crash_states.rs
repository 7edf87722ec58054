//! The states that a power failure may leave.
//!
//! What was not synced may be on the disk or not. For each number `k` of operations these states are built: everything up
//! to `k`; only what was synced; everything without one operation that was not synced; what was synced and one operation
//! more; everything with one file that was not synced empty, or cut in half. An fsync of a file makes its bytes and mode
//! durable, an fsync of a folder its names, a syncfs everything. A rename is durable with its target folder, and never
//! done by half.

use std::collections::BTreeSet;

use crate::{
    disk::{Disk, Inode, Node, Operation, ROOT},
    recording::Recording,
};

/// The columns of the table.
pub(crate) const COLUMNS: [&str; 5] = ["prefix", "synced", "one missing", "one more", "torn"];

/// A state, and how it came to be.
#[derive(Debug)]
pub(crate) struct CrashState {
    /// Its column in the table.
    pub(crate) column: &'static str,
    /// The operations after which the power failed, and what was lost.
    pub(crate) what: String,
    /// Whether it is what must be there after the run: all that was synced in the end.
    pub(crate) is_last: bool,
    /// The files.
    pub(crate) disk: Disk,
}

/// Calls to fsync that are taken out of a recording, to show that the harness notices when a program leaves them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ForgottenSync {
    /// Those of files.
    Files,
    /// Those of folders.
    Folders,
}

impl ForgottenSync {
    /// Whether the syncs of this file or folder are taken out.
    fn is_of(self, disk: &Disk, inode: Inode) -> bool {
        disk.is_folder(inode) == (self == Self::Folders)
    }
}

/// All different states of a recording, each once.
pub(crate) fn all(
    recording: &Recording,
    forgotten: Option<ForgottenSync>,
    mut take: impl FnMut(CrashState),
) {
    let Recording { disk, operations } = recording;
    let syncs = |inode: Inode| forgotten.is_none_or(|forgotten| !forgotten.is_of(disk, inode));
    let mut synced = vec![false; operations.len()];
    let mut known = BTreeSet::new();
    for done in 0..=operations.len() {
        if let Some(last) = done.checked_sub(1) {
            mark(&mut synced, operations, last, syncs);
        }
        let is_last = done == operations.len();
        let mut offer = |column, what: String, is_last, state: Disk| {
            if known.insert(state.digest(ROOT)) || is_last {
                take(CrashState {
                    column,
                    what: format!("after {done}: {what}"),
                    is_last,
                    disk: state,
                });
            }
        };
        let some = |keeps: &dyn Fn(usize) -> bool| {
            let mut state = disk.clone();
            (0..done).filter(|at| keeps(*at)).for_each(|at| state.apply(&operations[at]));
            state
        };
        let full = some(&|_| true);
        let unsynced: Vec<usize> = (0..done)
            .filter(|at| !synced[*at] && operations[*at].durable_with().is_some())
            .collect();
        offer("prefix", "all".to_owned(), false, full.clone());
        offer("synced", "synced".to_owned(), is_last, some(&|at| synced[at]));
        for one in &unsynced {
            let what = shown(&operations[*one]);
            offer("one missing", format!("without {what}"), false, some(&|at| at != *one));
            offer("one more", format!("and {what}"), false, some(&|at| synced[at] || at == *one));
        }
        for file in written(operations, &unsynced) {
            let keeps = |at: usize| {
                !unsynced.contains(&at)
                    || !matches!(operations[at], Operation::Write(inode, ..) if inode == file)
            };
            offer("torn", format!("{file} empty"), false, some(&keeps));
            let mut half = full.clone();
            if let Node::File(bytes, _) = &mut half.nodes[file] {
                bytes.truncate(bytes.len() / 2);
            }
            offer("torn", format!("{file} half"), false, half);
        }
    }
}

/// Marks what the operation at `at` makes durable, of the files and folders that are synced.
fn mark(synced: &mut [bool], operations: &[Operation], at: usize, syncs: impl Fn(Inode) -> bool) {
    for before in 0..at {
        let Some(inode) = operations[before].durable_with().filter(|inode| syncs(*inode)) else {
            continue;
        };
        synced[before] |= match &operations[at] {
            Operation::Sync(named) => *named == inode,
            Operation::SyncAll => true,
            _ => false,
        };
    }
}

/// The files with bytes that were not synced.
fn written(operations: &[Operation], unsynced: &[usize]) -> BTreeSet<Inode> {
    let file = |at: &usize| match &operations[*at] {
        Operation::Write(inode, ..) => Some(*inode),
        _ => None,
    };
    unsynced.iter().filter_map(file).collect()
}

fn shown(operation: &Operation) -> String {
    match operation {
        Operation::Names(names) => {
            let name = |(_, name, inode): &(Inode, Vec<u8>, Option<Inode>)| {
                format!("{} = {inode:?}", String::from_utf8_lossy(name))
            };
            names.iter().map(name).collect::<Vec<_>>().join(", ")
        }
        Operation::Write(inode, at, bytes) => format!("{} bytes at {at} of {inode}", bytes.len()),
        other => format!("{other:?}"),
    }
}
