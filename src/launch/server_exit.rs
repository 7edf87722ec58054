//! How a server's process ended.

use serde::{Deserialize, Serialize};

/// How a server's process ended.
///
/// # Examples
/// ```
/// use loom_runtime::launch::ServerExit;
///
/// let killed = ServerExit { code: None, signal: Some(9), requested: false, killed: false };
/// assert_eq!(killed.shell_status(), 137);
/// assert_eq!(killed.to_string(), "signal 9");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerExit {
    /// The exit code; `None` if a signal ended the process.
    pub code: Option<i32>,
    /// The number of the signal that ended the process.
    pub signal: Option<i32>,
    /// Whether the end was requested: by `down`, `restart`, a signal to `up`, or the program it was started for.
    #[serde(rename = "asked")]
    pub requested: bool,
    /// Whether the process was killed because it did not end within its grace period.
    pub killed: bool,
}

impl ServerExit {
    /// The exit status as a shell reports it: the process's own code, or 128 + n for signal n. SIGTERM after a
    /// requested end is 0.
    pub fn shell_status(&self) -> i32 {
        const SIGTERM: i32 = 15;
        match (self.code, self.signal) {
            (_, Some(SIGTERM)) if self.requested => 0,
            (Some(code), _) => code,
            (None, Some(signal)) => 128 + signal,
            (None, None) => 1,
        }
    }
}

impl std::fmt::Display for ServerExit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exit code {code}"),
            (None, Some(signal)) => write!(f, "signal {signal}"),
            (None, None) => f.write_str("unknown exit status"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_status_is_the_code_or_128_plus_the_signal() {
        let status = |code, signal, requested, killed| {
            ServerExit { code, signal, requested, killed }.shell_status()
        };
        assert_eq!(status(Some(0), None, true, false), 0);
        assert_eq!(status(None, Some(15), true, false), 0);
        assert_eq!(status(None, Some(15), false, false), 143);
        assert_eq!(status(None, Some(9), true, true), 137);
        assert_eq!(status(Some(3), None, false, false), 3);
        assert_eq!(status(Some(3), None, true, false), 3);
    }
}
