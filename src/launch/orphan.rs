//! Servers whose supervisor was killed. They run on and hold their lease; `down` ends them.
//!
//! No process id out of a file is believed. What a process must show is the instance's lock itself, open and without
//! close-on-exec: only who inherited it from the supervisor has it so; who merely looks at the lock opens it with.

use std::{path::Path, time::Duration};

use super::{LaunchError, folder::InstanceFolder};

/// Ends what still holds the lock of `folder`; gives it `grace` to do so by itself.
pub(super) fn end(folder: &InstanceFolder, grace: Duration) -> Result<(), LaunchError> {
    for (force, patience) in [(false, grace), (true, Duration::from_secs(5))] {
        imp::signal(&folder.lock_file(), force);
        if released(folder, patience)? {
            return Ok(());
        }
    }
    Err(LaunchError::DoesNotEnd { id: folder.id.clone() })
}

/// Waits until nobody holds the lock of `folder`.
pub(super) fn released(folder: &InstanceFolder, patience: Duration) -> Result<bool, LaunchError> {
    let begun = std::time::Instant::now();
    while folder.alive()? {
        if begun.elapsed() > patience {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(true)
}

/// The processes that inherited the lock file `lock`, where the system tells.
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
            // The number may have changed hands before it was opened, not after.
            if holds(pid, lock) {
                let _ = pidfd_send_signal(fd, signal);
            }
        }
    }

    pub(super) fn heirs(lock: &Path) -> Vec<u32> {
        let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
        processes
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| holds(*pid, lock))
            .collect()
    }

    fn holds(pid: u32, lock: &Path) -> bool {
        let Ok(lock) = fs::metadata(lock) else { return false };
        let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        open.flatten().any(|fd| {
            let same = fs::metadata(fd.path())
                .is_ok_and(|file| (file.dev(), file.ino()) == (lock.dev(), lock.ino()));
            same && fd.file_name().to_str().is_some_and(|number| inherited(pid, number))
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

    /// Without `/proc` nothing proves whose process it is: it is left alone, and named in the error.
    pub(super) fn signal(_lock: &Path, _force: bool) {}

    pub(super) fn heirs(_lock: &Path) -> Vec<u32> {
        Vec::new()
    }
}
