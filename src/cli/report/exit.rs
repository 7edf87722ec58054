//! [`Exit`]: the exit codes of `loom`, documented and stable.

/// How a command ended; [`code`](Self::code) is the exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command did what it was asked to do.
    Success,
    /// A failure without an exit code of its own.
    Failure,
    /// Wrong usage or configuration.
    Usage,
    /// The version does not exist, or is not installed.
    Absent,
    /// Credentials are missing or were refused.
    Credentials,
    /// No source could be reached.
    Unreachable,
    /// A digest or signature is wrong, or a required one is missing.
    Integrity,
    /// The network is needed and disabled.
    Offline,
    /// The lock file does not agree with what is requested, or cannot be used.
    Lock,
    /// Something else is in the way: a port, a runtime that runs, or a process that uses, locks or changes what is needed.
    Busy,
    /// The disk is full.
    DiskFull,
    /// Ctrl+C ended the command: 128 + SIGINT, as shells report it.
    Interrupted,
    /// A code that is passed on: that of a child process (128 + n for signal n), or of one of several failures.
    Code(u8),
}

impl Exit {
    /// The exit code of the process.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Absent => 3,
            Self::Credentials => 4,
            Self::Unreachable => 5,
            Self::Integrity => 6,
            Self::Offline => 7,
            Self::Lock => 8,
            Self::Busy => 9,
            Self::DiskFull => 10,
            Self::Interrupted => 130,
            Self::Code(code) => code,
        }
    }

    /// The name in `error.kind` of JSON documents.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure | Self::Code(_) => "failure",
            Self::Usage => "usage",
            Self::Absent => "absent",
            Self::Credentials => "credentials",
            Self::Unreachable => "unreachable",
            Self::Integrity => "integrity",
            Self::Offline => "offline",
            Self::Lock => "lock",
            Self::Busy => "busy",
            Self::DiskFull => "disk_full",
            Self::Interrupted => "interrupted",
        }
    }

    /// [`Exit::Success`] for 0, else the code as it is.
    pub(crate) const fn of_code(code: u8) -> Self {
        if code == 0 { Self::Success } else { Self::Code(code) }
    }
}

/// An exit code as it is documented.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DocumentedExit {
    /// The code; `None` for the codes of a child process.
    pub(crate) code: Option<u8>,
    /// `error.kind` in JSON.
    pub(crate) kind: &'static str,
    pub(crate) meaning: &'static str,
}

impl DocumentedExit {
    /// The code as text.
    pub(crate) fn codes(&self) -> String {
        self.code.map_or_else(|| "other".to_owned(), |code| code.to_string())
    }

    const fn of(exit: Exit, meaning: &'static str) -> Self {
        Self { code: Some(exit.code()), kind: exit.kind(), meaning }
    }

    const fn new(code: Option<u8>, kind: &'static str, meaning: &'static str) -> Self {
        Self { code, kind, meaning }
    }
}

/// The exit codes, for manual pages and the reference.
pub(crate) const EXIT_CODES: &[DocumentedExit] = &[
    DocumentedExit::of(Exit::Success, "Success"),
    DocumentedExit::of(Exit::Failure, "Failure without a code of its own"),
    DocumentedExit::of(Exit::Usage, "Wrong usage or configuration"),
    DocumentedExit::of(Exit::Absent, "The version does not exist, or is not installed"),
    DocumentedExit::of(Exit::Credentials, "Credentials are missing or were refused"),
    DocumentedExit::of(Exit::Unreachable, "No source could be reached"),
    DocumentedExit::of(
        Exit::Integrity,
        "A digest or signature is wrong, or a required one is missing",
    ),
    DocumentedExit::of(Exit::Offline, "The network is needed and disabled"),
    DocumentedExit::of(
        Exit::Lock,
        "The lock file does not agree with what is requested, or cannot be used",
    ),
    DocumentedExit::of(
        Exit::Busy,
        "A port is taken; a runtime is running already; the version is in use; or another process holds a lock, or keeps \
         changing the same mirror",
    ),
    DocumentedExit::of(Exit::DiskFull, "The disk is full"),
    DocumentedExit::new(
        Some(NOT_EXECUTABLE),
        NOT_EXECUTABLE_KIND,
        "`loom exec`: the command cannot be executed",
    ),
    DocumentedExit::new(Some(NOT_FOUND), NOT_FOUND_KIND, "`loom exec`: the command does not exist"),
    DocumentedExit::of(Exit::Interrupted, "Interrupted by Ctrl+C"),
    DocumentedExit::new(
        None,
        "crashed",
        "The code of the command of `loom exec`, or of a runtime that exited; 128 + n for signal n",
    ),
];

/// The exit code of shells for a command that does not exist.
pub(super) const NOT_FOUND: u8 = 127;
/// `error.kind` for a command that does not exist.
pub(super) const NOT_FOUND_KIND: &str = "command_not_found";
/// The exit code of shells for a command that cannot be executed.
pub(super) const NOT_EXECUTABLE: u8 = 126;
/// `error.kind` for a command that cannot be executed.
pub(super) const NOT_EXECUTABLE_KIND: &str = "command_not_executable";
