//! Reaping of orphans by the first process of a container.
//!
//! A process whose parent has exited becomes a child of process 1, and stays a zombie until process 1 waits for it.
//! Where this program is process 1, nothing else does.

/// Starts a thread that reaps orphans, if this process is process 1 of its namespace; otherwise does nothing.
///
/// Children that this program started itself are left to the code that started them: only a process that was a zombie
/// for a quarter of a second is reaped, and that code waits for its children at once. Only on Linux.
pub fn reap_as_first_process() {
    #[cfg(target_os = "linux")]
    if std::process::id() == 1 {
        std::thread::spawn(imp::reap_forever);
    }
}

#[cfg(target_os = "linux")]
mod imp {
    use std::{collections::HashSet, fs, thread::sleep, time::Duration};

    use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions, waitid, waitpid};

    /// How long a process must be a zombie before it is reaped.
    pub(super) const PATIENCE: Duration = Duration::from_millis(250);
    /// The pause where there is no child at all.
    const IDLE: Duration = Duration::from_secs(1);

    pub(super) fn reap_forever() {
        loop {
            // Returns as soon as any child is a zombie, and leaves it one.
            if waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).is_err() {
                sleep(IDLE);
            }
            let before = zombies(std::process::id());
            sleep(PATIENCE);
            for pid in zombies(std::process::id()).intersection(&before) {
                // An error means that it was reaped meanwhile.
                let _ = waitpid(Pid::from_raw(*pid), WaitOptions::NOHANG);
            }
        }
    }

    /// The children of `parent` that have exited and that nothing has waited for.
    pub(super) fn zombies(parent: u32) -> HashSet<i32> {
        let Ok(processes) = fs::read_dir("/proc") else { return HashSet::new() };
        processes
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid: &i32| {
                let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
                is_zombie_of(&stat, parent)
            })
            .collect()
    }

    /// Whether `/proc/PID/stat` describes a zombie whose parent is `parent`. The name, in parentheses, can hold any
    /// character; the state and the parent follow it.
    pub(super) fn is_zombie_of(stat: &str, parent: u32) -> bool {
        let Some((_, fields)) = stat.rsplit_once(')') else { return false };
        let mut fields = fields.split_ascii_whitespace();
        fields.next() == Some("Z") && fields.next().and_then(|id| id.parse().ok()) == Some(parent)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::imp::{is_zombie_of, zombies};

    #[test]
    fn the_state_and_the_parent_follow_the_name() {
        for (stat, expected) in [
            ("12 (sleep) Z 1 12 1 0 -1", true),
            ("12 (a) Z 1) Z 1 12", true),
            ("12 (a Z 1) S 1 12", false),
            ("12 (sleep) Z 7 12", false),
            ("", false),
        ] {
            assert_eq!(is_zombie_of(stat, 1), expected, "{stat:?}");
        }
    }

    #[test]
    fn a_child_that_was_not_waited_for_is_found() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let is_zombie = || zombies(std::process::id()).contains(&pid);
        while !is_zombie() {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(!is_zombie());
    }
}
