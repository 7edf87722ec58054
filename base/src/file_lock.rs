//! Waiting for the lock of a file: for a limited time, and never silently; and who holds the lock.

use std::{
    fmt,
    fs::TryLockError,
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// The first pause between two tries, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(50)];

/// How long a lock is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockPatience {
    /// After this time the wait is reported.
    pub quiet: Duration,
    /// After this time the wait ends.
    pub longest: Duration,
}

/// Tries to take a lock until it is free; `false` where it is not free within `patience.longest`.
///
/// `on_wait` is called once, when the lock was not free for `patience.quiet`. The operating system's own wait has no
/// limit, and cannot be reported.
///
/// # Errors
/// The error of `attempt`, unless it says that another holder has the lock.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use loom_base::file_lock::{LockPatience, wait_for};
///
/// let file = tempfile::tempfile()?;
/// let patience = LockPatience { quiet: Duration::ZERO, longest: Duration::from_secs(1) };
/// assert!(wait_for(|| file.try_lock(), patience, &mut || eprintln!("waiting"))?);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn wait_for(
    mut attempt: impl FnMut() -> Result<(), TryLockError>,
    patience: LockPatience,
    on_wait: &mut dyn FnMut(),
) -> io::Result<bool> {
    let begun = Instant::now();
    let [mut pause, longest_pause] = PAUSES;
    let mut told = false;
    loop {
        match attempt() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let waited = begun.elapsed();
        if waited >= patience.longest {
            return Ok(false);
        }
        if !told && waited >= patience.quiet {
            told = true;
            on_wait();
        }
        thread::sleep(pause.min(patience.longest.saturating_sub(waited)));
        pause = (pause * 2).min(longest_pause);
    }
}

/// The process that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockHolder {
    /// Its process id.
    pub pid: u32,
    /// The name of its program.
    pub program: Option<String>,
    /// The user that it runs as, where that is another one than this process's.
    pub user: Option<u32>,
}

impl LockHolder {
    /// A process that holds a lock of the file at `path`; `None` where the system does not tell (elsewhere than on Linux,
    /// and for processes of another pid namespace). Where the process that took the lock has ended, one that inherited it.
    pub fn of(path: &Path) -> Option<Self> {
        imp::holder(path)
    }
}

/// The holder of a lock in words, where the system may not tell who it is.
pub fn holder_in_words(holder: Option<&LockHolder>) -> String {
    holder.map_or("another process".to_owned(), ToString::to_string)
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        if let Some(program) = &self.program {
            write!(f, " ({program})")?;
        }
        self.user.map_or(Ok(()), |user| write!(f, " of the user with the id {user}"))
    }
}

#[cfg(target_os = "linux")]
mod imp {
    use std::{
        fs::{self, Metadata, ReadDir},
        io,
        os::unix::fs::MetadataExt as _,
        path::Path,
    };

    use super::LockHolder;

    pub(super) fn holder(path: &Path) -> Option<LockHolder> {
        let file = fs::metadata(path).ok()?;
        let locks = fs::read_to_string("/proc/locks").ok()?;
        let taken_by = locks.lines().find_map(|line| pid_in(line, file.dev(), file.ino()))?;
        // The table of the system has the process that took the lock, also where that has ended and a child holds it on.
        let pid =
            Some(taken_by).filter(|pid| may_have_open(*pid, &file)).or_else(|| heir(&file))?;
        let process = format!("/proc/{pid}");
        let user = fs::metadata(&process).ok().map(|process| process.uid());
        let own = fs::metadata("/proc/self").ok().map(|process| process.uid());
        let name = fs::read(format!("{process}/comm")).ok();
        // A program chooses its name, and may choose one that changes a terminal.
        let name = name
            .map(|name| name.into_iter().filter(u8::is_ascii_graphic).map(char::from).collect());
        Some(LockHolder { pid, program: name, user: user.filter(|_| user != own) })
    }

    /// Whether a process that is alive has the file open, as far as this one may know: what processes of other users have
    /// open is not shown.
    fn may_have_open(pid: u32, file: &Metadata) -> bool {
        match fs::read_dir(format!("/proc/{pid}/fd")) {
            Ok(open) => has(open, file),
            Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
        }
    }

    /// Another process than this one that has the file open.
    fn heir(file: &Metadata) -> Option<u32> {
        let processes = fs::read_dir("/proc").ok()?.flatten();
        let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.find(|pid| {
            let open = || fs::read_dir(format!("/proc/{pid}/fd")).is_ok_and(|open| has(open, file));
            *pid != std::process::id() && open()
        })
    }

    fn has(open: ReadDir, file: &Metadata) -> bool {
        let is_same = |one: Metadata| (one.dev(), one.ino()) == (file.dev(), file.ino());
        open.flatten().any(|entry| fs::metadata(entry.path()).is_ok_and(is_same))
    }

    /// The process in a line such as `2: FLOCK  ADVISORY  WRITE 4711 00:2d:1234 0 EOF`, if it holds a lock of this file.
    /// A line with `->` after its number is a process that waits.
    pub(super) fn pid_in(line: &str, device: u64, inode: u64) -> Option<u32> {
        let mut fields = line.split_whitespace().skip(1);
        if fields.next()? == "->" {
            return None;
        }
        let pid = fields.nth(2)?.parse().ok().filter(|pid| *pid > 0)?;
        let mut file = fields.next()?.split(':');
        let major = u64::from_str_radix(file.next()?, 16).ok()?;
        let minor = u64::from_str_radix(file.next()?, 16).ok()?;
        let number: u64 = file.next()?.parse().ok()?;
        ((major, minor, number) == (major_of(device), minor_of(device), inode)).then_some(pid)
    }

    /// The parts of a device number, as the C library packs them.
    fn major_of(device: u64) -> u64 {
        ((device >> 8) & 0xfff) | ((device >> 32) & !0xfff)
    }

    fn minor_of(device: u64) -> u64 {
        (device & 0xff) | ((device >> 12) & !0xff)
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::path::Path;

    pub(super) fn holder(_: &Path) -> Option<super::LockHolder> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    const SHORT: LockPatience =
        LockPatience { quiet: Duration::from_millis(20), longest: Duration::from_millis(100) };

    #[test]
    fn a_wait_is_reported_and_ends() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let other = File::open(file.path()).unwrap();
        let mut waits = 0;
        assert!(wait_for(|| other.try_lock(), SHORT, &mut || waits += 1).unwrap());
        assert_eq!(waits, 0);
        let begun = Instant::now();
        assert!(!wait_for(|| file.as_file().try_lock(), SHORT, &mut || waits += 1).unwrap());
        assert_eq!(waits, 1);
        assert!(begun.elapsed() >= SHORT.longest);
        // The holder ends during the wait.
        let mut other = Some(other);
        let patience = LockPatience { longest: Duration::from_secs(60), ..SHORT };
        assert!(
            wait_for(|| file.as_file().try_lock(), patience, &mut || drop(other.take())).unwrap()
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_holder_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(LockHolder::of(file.path()), None);
        file.as_file().try_lock_shared().unwrap();
        let holder = LockHolder::of(file.path()).unwrap();
        assert_eq!((holder.pid, holder.user), (std::process::id(), None));
        assert!(holder.program.is_some());
        let other = LockHolder { pid: 7, program: Some("x".to_owned()), user: Some(1000) };
        assert_eq!(other.to_string(), "process 7 (x) of the user with the id 1000");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn lines_of_other_files_and_of_waiting_processes_name_no_holder() {
        for (line, pid) in [
            ("2: FLOCK  ADVISORY  WRITE 4711 08:01:99 0 EOF", Some(4711)),
            ("2: -> FLOCK  ADVISORY  WRITE 4711 08:01:99 0 EOF", None),
            ("2: FLOCK  ADVISORY  READ 4711 08:02:99 0 EOF", None),
            ("2: FLOCK  ADVISORY  READ 4711 08:01:98 0 EOF", None),
            ("2: OFDLCK ADVISORY  READ -1 08:01:99 0 EOF", None),
            ("2: FLOCK  ADVISORY  READ 0 08:01:99 0 EOF", None),
            ("", None),
        ] {
            assert_eq!(imp::pid_in(line, 0x801, 99), pid, "{line}");
        }
    }

    /// The table of the system names the process that took the lock.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_inherited_the_lock_is_named_where_the_one_that_took_it_has_left() {
        use std::process::{Command, Stdio};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let file = File::create(&path).unwrap();
        file.try_lock().unwrap();
        let mut sleep = Command::new("sleep");
        let mut child = sleep.arg("600").stdin(Stdio::from(file)).spawn().unwrap();
        // The command had the last copy of the file in this process.
        drop(sleep);
        let holder = LockHolder::of(&path).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((holder.pid, holder.program), (child.id(), Some("sleep".to_owned())));
        assert_eq!(LockHolder::of(&path), None);
    }
}
