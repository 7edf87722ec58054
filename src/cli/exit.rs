//! The exit codes: few, documented, stable.

/// Why `loom` ended; the number is the process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Something failed that has no code of its own.
    Failure = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// No such version, or not here.
    Absent = 3,
    /// Credentials missing or refused.
    Credentials = 4,
    /// No source could serve.
    Unreachable = 5,
    /// Integrity, signature, or a checksum that is missing.
    Integrity = 6,
    /// The network is needed and we are offline.
    Offline = 7,
    /// Busy: a port is taken, or something runs already with other settings.
    Busy = 9,
    /// The disk is full.
    DiskFull = 10,
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// The word for it in JSON.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Usage => "usage",
            Self::Absent => "absent",
            Self::Credentials => "credentials",
            Self::Unreachable => "unreachable",
            Self::Integrity => "integrity",
            Self::Offline => "offline",
            Self::Busy => "busy",
            Self::DiskFull => "disk_full",
        }
    }
}
