//! Servers whose supervisor was killed. They run on and hold their lease; `down` stops them.
//!
//! A process id read from a file proves nothing. What identifies a process is the lock file of the instance, open and
//! without close-on-exec: only a process that inherited it from the supervisor has it so; a process that only looks
//! at the lock opens it with close-on-exec.

use std::{path::Path, time::Duration};

use super::{LaunchError, instance_folder::InstanceFolder};

/// How long a killed process may take to disappear.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// Stops the processes that hold the lock of `folder`: asks them to end, and kills them after `grace`.
pub(super) fn stop(folder: &InstanceFolder, grace: Duration) -> Result<(), LaunchError> {
    for (force, limit) in [(false, grace), (true, AFTER_KILL)] {
        imp::signal(&folder.lock_path(), force);
        if released(folder, limit)? {
            return Ok(());
        }
    }
    Err(LaunchError::DoesNotEnd { id: folder.id.clone() })
}

/// Kills a server that was only tried and whose supervisor is gone: nothing uses it. Returns whether there was one.
pub(super) fn end_tried(folder: &InstanceFolder) -> Result<bool, LaunchError> {
    let lock = folder.proof_lock();
    let is_orphaned = || !imp::is_owned(lock.path()) && !imp::heirs(lock.path()).is_empty();
    if !lock.is_held()? || !is_orphaned() {
        return Ok(false);
    }
    imp::signal(lock.path(), true);
    let begun = std::time::Instant::now();
    while lock.is_held()? {
        if begun.elapsed() > AFTER_KILL {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(true)
}

/// Waits until the lock of `folder` is free; false where it is still held after `limit`.
pub(super) fn released(folder: &InstanceFolder, limit: Duration) -> Result<bool, LaunchError> {
    let begun = std::time::Instant::now();
    while folder.is_alive()? {
        if begun.elapsed() > limit {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(true)
}

/// The processes that inherited the lock file `lock`; none where the system has no `/proc`.
pub(super) fn heirs(lock: &Path) -> Vec<u32> {
    imp::heirs(lock)
}

#[cfg(target_os = "linux")]
mod imp {
    use std::{fs, os::unix::fs::MetadataExt, path::Path};

    use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    use super::super::system::to_pid;

    pub(super) fn signal(lock: &Path, force: bool) {
        let signal = if force { Signal::KILL } else { Signal::TERM };
        for pid in heirs(lock) {
            let Some(fd) = to_pid(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok())
            else {
                continue;
            };
            // The process id may have been reused before it was opened, not after.
            if holds(pid, lock) {
                let _ = pidfd_send_signal(fd, signal);
            }
        }
    }

    pub(super) fn heirs(lock: &Path) -> Vec<u32> {
        processes().filter(|pid| holds(*pid, lock)).collect()
    }

    /// Whether another process than this one has the lock file open, and did not inherit it.
    pub(super) fn is_owned(lock: &Path) -> bool {
        processes()
            .filter(|pid| *pid != std::process::id())
            .any(|pid| has_open(pid, lock, |number| !inherited(pid, number)))
    }

    fn processes() -> impl Iterator<Item = u32> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
    }

    fn holds(pid: u32, lock: &Path) -> bool {
        has_open(pid, lock, |number| inherited(pid, number))
    }

    fn has_open(pid: u32, lock: &Path, counts: impl Fn(&str) -> bool) -> bool {
        let Ok(lock) = fs::metadata(lock) else { return false };
        let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        open.flatten().any(|fd| {
            let same = fs::metadata(fd.path())
                .is_ok_and(|file| (file.dev(), file.ino()) == (lock.dev(), lock.ino()));
            same && fd.file_name().to_str().is_some_and(&counts)
        })
    }

    fn inherited(pid: u32, fd: &str) -> bool {
        const O_CLOEXEC: u32 = 0o2_000_000;
        let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{fd}")).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
        flags.is_some_and(|flags| flags & O_CLOEXEC == 0)
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::path::Path;

    /// Without `/proc` nothing proves which process it is: it is left alone, and the error names the instance.
    pub(super) fn signal(_lock: &Path, _force: bool) {}

    pub(super) fn heirs(_lock: &Path) -> Vec<u32> {
        Vec::new()
    }

    pub(super) fn is_owned(_lock: &Path) -> bool {
        true
    }
}
