//! The limit of descriptors, and the share of each listener.

/// The most descriptors that the process asks for. Programs that it starts inherit the limit, and some of them close
/// every possible descriptor at their start.
const MOST_OPEN_FILES: u64 = 65_536;
/// The descriptors that are taken to be available where the system has no such limit.
const DEFAULT_OPEN_FILES: u64 = 8192;
/// The most connections of the dashboard: a browser needs few.
const MOST_OF_DASHBOARD: usize = 512;

/// How many connections each listener accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// The descriptors of the process.
    pub open_files: u64,
    /// The connections of the gRPC listener.
    pub bridge: usize,
    /// The connections of the dashboard.
    pub dashboard: usize,
}

impl ConnectionLimits {
    /// The limits that follow from the present limit of descriptors.
    pub fn of_process() -> Self {
        Self::of(system::open_files())
    }

    /// Part of the descriptors is kept for files, MCP servers and outgoing connections.
    fn of(open_files: u64) -> Self {
        let all = usize::try_from(open_files.min(MOST_OPEN_FILES)).unwrap_or(usize::MAX);
        let kept = (all / 4).clamp(16, 256);
        let shared = all.saturating_sub(kept).max(2);
        let dashboard = (shared / 4).clamp(1, MOST_OF_DASHBOARD);
        Self { open_files, bridge: shared - dashboard, dashboard }
    }
}

/// Raises the limit of descriptors as far as the system allows without privileges. It does no harm if that fails: fewer
/// connections are accepted then.
pub fn raise_open_files() {
    system::raise();
}

#[cfg(unix)]
mod system {
    use rustix::process::{Resource, getrlimit, setrlimit};

    use super::{DEFAULT_OPEN_FILES, MOST_OPEN_FILES};

    pub(super) fn open_files() -> u64 {
        getrlimit(Resource::Nofile).current.unwrap_or(DEFAULT_OPEN_FILES)
    }

    pub(super) fn raise() {
        let mut limit = getrlimit(Resource::Nofile);
        let wanted = limit.maximum.unwrap_or(MOST_OPEN_FILES).min(MOST_OPEN_FILES);
        if limit.current.is_some_and(|current| current < wanted) {
            limit.current = Some(wanted);
            if let Err(error) = setrlimit(Resource::Nofile, limit) {
                tracing::debug!(%error, wanted, "could not raise the limit of open files");
            }
        }
    }
}

#[cfg(not(unix))]
mod system {
    pub(super) fn open_files() -> u64 {
        super::DEFAULT_OPEN_FILES
    }

    pub(super) fn raise() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_listener_has_a_share_and_some_descriptors_are_left() {
        for (open_files, bridge, dashboard) in [
            (60, 33, 11),
            (128, 72, 24),
            (1024, 576, 192),
            (65_536, 64_768, 512),
            (u64::MAX, 64_768, 512),
            (8, 1, 1),
        ] {
            let limits = ConnectionLimits::of(open_files);
            assert_eq!((limits.bridge, limits.dashboard), (bridge, dashboard), "{open_files}");
        }
    }
}
