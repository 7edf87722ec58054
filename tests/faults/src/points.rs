//! The points at which a run can fail: a system call, and what happens at it.

use std::{collections::BTreeSet, fmt};

use crate::trace::Call;

/// What happens at a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The disk fails.
    Io,
    /// The disk is full.
    Full,
    /// A signal interrupts the call.
    Interrupt,
    /// The process is killed before the call does anything.
    Kill,
}

impl Fault {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Io, Self::Full, Self::Interrupt, Self::Kill];

    /// The columns of the table.
    pub(crate) const NAMES: [&'static str; 4] = ["EIO", "ENOSPC", "EINTR", "SIGKILL"];

    /// Its name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Io => "EIO",
            Self::Full => "ENOSPC",
            Self::Interrupt => "EINTR",
            Self::Kill => "SIGKILL",
        }
    }
}

/// The calls that take space, so that they can fail on a full disk.
const NEED_SPACE: &[&str] = &[
    "copy_file_range",
    "fallocate",
    "fdatasync",
    "fsync",
    "ftruncate",
    "link",
    "linkat",
    "mkdir",
    "mkdirat",
    "openat",
    "pwrite64",
    "rename",
    "renameat",
    "renameat2",
    "sendfile",
    "symlink",
    "symlinkat",
    "syncfs",
    "write",
    "writev",
];

/// The calls that POSIX lets a signal interrupt, and that a program repeats then.
const REPEATED: &[&str] = &[
    "chmod",
    "fchmod",
    "fchmodat",
    "fdatasync",
    "fsync",
    "ftruncate",
    "openat",
    "pwrite64",
    "write",
    "writev",
];

/// A system call, by its name and its number in its thread, and what happens at it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    number: usize,
    call: String,
    /// What happens.
    pub(crate) fault: Fault,
}

impl Point {
    /// All points of a run that changes `folder`. strace counts in each thread: where a call of the same number in
    /// another thread changes something else, such as the descriptor that wakes a thread, the two cannot be told apart,
    /// and the call cannot be made to fail.
    pub(crate) fn all(calls: &[Call], folder: &[u8]) -> Vec<Self> {
        let same = |one: &Call, other: &Call| one.name == other.name && one.number == other.number;
        let alone =
            |one: &Call| calls.iter().all(|other| !same(one, other) || other.changes(folder));
        let mut points = BTreeSet::new();
        for call in calls.iter().filter(|call| call.changes(folder)) {
            for fault in Fault::ALL {
                let applies = fault != Fault::Full || NEED_SPACE.contains(&&*call.name);
                if applies && (fault == Fault::Kill || alone(call)) {
                    points.insert(Self { call: call.name.clone(), number: call.number, fault });
                }
            }
        }
        points.into_iter().collect()
    }

    /// The name of the system call.
    pub(crate) fn call(&self) -> &str {
        &self.call
    }

    /// The expression that makes strace do it.
    pub(crate) fn expression(&self) -> String {
        let what = match self.fault {
            Fault::Kill => "signal=KILL".to_owned(),
            fault => format!("error={}", fault.name()),
        };
        format!("inject={}:{what}:when={}", self.call, self.number)
    }

    /// Whether the command must succeed all the same.
    pub(crate) fn must_succeed(&self) -> bool {
        self.fault == Fault::Interrupt && REPEATED.contains(&&*self.call)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expression())
    }
}
