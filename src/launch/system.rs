//! The parts of process handling that differ between operating systems.

pub(super) use imp::*;

#[cfg(unix)]
mod imp {
    use std::{fs::File, io, path::Path, process::Command};

    use rustix::{
        io::{FdFlags, fcntl_setfd},
        process::{Pid, Signal, kill_process, kill_process_group, setsid},
    };

    /// Gives this process a session of its own: no terminal, and no signal that a terminal sends to its jobs.
    pub(in super::super) fn own_session() {
        // Fails only for the leader of a process group, which gets no signals of its starter's group either.
        let _ = setsid();
    }

    /// Closes all descriptors that this process inherited, except the standard streams and `kept`. The caller has not
    /// opened any file yet.
    #[allow(unsafe_code, reason = "a descriptor that was inherited has no owner in this program")]
    pub(in super::super) fn close_inherited(kept: Option<i32>) {
        let folder = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        let open: Vec<i32> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|number| *number > 2 && Some(*number) != kept)
            .collect();
        // The folder, which is closed by now, was listed too.
        let is_open =
            |number: &i32| Path::new(folder).join(number.to_string()).symlink_metadata().is_ok();
        for number in open.into_iter().filter(is_open) {
            // SAFETY: the caller has opened no file, so nothing in this program uses the descriptor.
            unsafe { rustix::io::close(number) };
        }
    }

    /// The number under which the programs that this process starts inherit `file`.
    pub(in super::super) fn number_of(file: &impl std::os::fd::AsRawFd) -> Option<i32> {
        Some(file.as_raw_fd())
    }

    /// Makes the programs that this process starts from now on inherit `file`.
    pub(in super::super) fn inheritable(file: &impl std::os::fd::AsFd) -> io::Result<()> {
        Ok(fcntl_setfd(file, FdFlags::empty())?)
    }

    /// Makes the programs that this process starts from now on not inherit `file`.
    pub(in super::super) fn not_inheritable(file: &impl std::os::fd::AsFd) -> io::Result<()> {
        Ok(fcntl_setfd(file, FdFlags::CLOEXEC)?)
    }

    /// The file that this process inherited as the descriptor `number`; `None` where it is not open.
    #[allow(unsafe_code, reason = "a descriptor that was inherited has no owner in this program")]
    pub(in super::super) fn adopt(number: i32) -> Option<File> {
        use std::os::fd::{BorrowedFd, FromRawFd as _};
        if number <= 2 {
            return None;
        }
        // SAFETY: the descriptor is only looked at; if it is not open, the system says so.
        rustix::io::fcntl_getfd(unsafe { BorrowedFd::borrow_raw(number) }).ok()?;
        // SAFETY: the starter of this process names the descriptor for this purpose, and nothing else here uses it.
        Some(unsafe { File::from_raw_fd(number) })
    }

    /// The same open file under a high descriptor number: when this process ends, the system closes it after those
    /// with lower numbers.
    pub(in super::super) fn last_closed(file: File) -> File {
        const HIGH: i32 = 200;
        // Where the limit of open files is lower, the order is undefined.
        rustix::io::fcntl_dupfd_cloexec(&file, HIGH).map_or(file, File::from)
    }

    /// Gives the program a process group of its own, so that processes that it leaves behind can be killed with it.
    pub(in super::super) fn own_group(command: &mut Command) {
        std::os::unix::process::CommandExt::process_group(command, 0);
    }

    /// Sends SIGTERM to a child that was not waited for yet.
    pub(in super::super) fn terminate(pid: u32) {
        send(pid, Signal::TERM);
    }

    /// Passes the request to end that the signal `number` is on to a child that was not waited for yet: SIGINT as such,
    /// since programs end differently by it, others as SIGTERM.
    pub(in super::super) fn forward(pid: u32, number: i32) {
        send(pid, if number == Signal::INT.as_raw() { Signal::INT } else { Signal::TERM });
    }

    fn send(pid: u32, signal: Signal) {
        if let Some(pid) = to_pid(pid) {
            let _ = kill_process(pid, signal);
        }
    }

    /// Kills the process group of a child that was not waited for yet.
    pub(in super::super) fn kill_group(pid: u32) {
        if let Some(pid) = to_pid(pid) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }

    /// Whether `pid` belongs to the process group `group`.
    pub(in super::super) fn in_group(pid: u32, group: u32) -> bool {
        let of = to_pid(pid).and_then(|pid| rustix::process::getpgid(Some(pid)).ok());
        of.is_some() && of == to_pid(group)
    }

    pub(in super::super) fn to_pid(pid: u32) -> Option<Pid> {
        i32::try_from(pid).ok().and_then(Pid::from_raw)
    }

    /// The signal that ended a process.
    pub(in super::super) fn signal_of(status: std::process::ExitStatus) -> Option<i32> {
        std::os::unix::process::ExitStatusExt::signal(&status)
    }

    /// Observes the end of a child without reaping it: until it is reaped, the system does not reuse the id of its
    /// process group.
    pub(in super::super) struct EndWatch(tokio::sync::watch::Receiver<bool>);

    impl EndWatch {
        /// Observes `pid`, a child that was not waited for yet.
        pub(in super::super) fn on(pid: u32) -> Self {
            use rustix::process::{WaitId, WaitIdOptions, waitid};
            let (ended, watch) = tokio::sync::watch::channel(false);
            let unreaped = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            std::thread::spawn(move || {
                if let Some(pid) = to_pid(pid) {
                    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), unreaped) {}
                }
                let _ = ended.send(true);
            });
            Self(watch)
        }

        /// Returns when the child has ended.
        pub(in super::super) async fn ended(&mut self) {
            let _ = self.0.wait_for(|ended| *ended).await;
        }
    }
}

#[cfg(windows)]
mod imp {
    use std::{fs::File, io, process::Command};

    pub(in super::super) fn own_session() {}

    /// Does nothing: only the handles of the standard streams are inherited.
    pub(in super::super) fn close_inherited(_kept: Option<i32>) {}

    pub(in super::super) fn number_of<T>(_file: &T) -> Option<i32> {
        None
    }

    /// Does nothing: the file of a running program cannot be removed on Windows, and the supervisor holds the locks.
    pub(in super::super) fn inheritable<T>(_file: &T) -> io::Result<()> {
        Ok(())
    }

    /// Does nothing, as [`inheritable`].
    pub(in super::super) fn not_inheritable<T>(_file: &T) -> io::Result<()> {
        Ok(())
    }

    /// `None`: no files are inherited.
    pub(in super::super) fn adopt(_number: i32) -> Option<File> {
        None
    }

    /// Returns `file`: the order does not matter where no lease is inherited.
    pub(in super::super) fn last_closed(file: File) -> File {
        file
    }

    pub(in super::super) fn own_group(command: &mut Command) {
        const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
        std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
    }

    /// Does nothing: there is no signal that asks a process without a console to end. It is killed by its handle.
    pub(in super::super) fn terminate(_pid: u32) {}

    /// Does nothing: a console sends its events to all of its processes.
    pub(in super::super) fn forward(_pid: u32, _number: i32) {}

    pub(in super::super) fn kill_group(_pid: u32) {}

    pub(in super::super) fn in_group(pid: u32, group: u32) -> bool {
        pid == group
    }

    pub(in super::super) fn signal_of(_status: std::process::ExitStatus) -> Option<i32> {
        None
    }

    /// Does nothing: there are no process groups on Windows.
    pub(in super::super) struct EndWatch;

    impl EndWatch {
        pub(in super::super) fn on(_pid: u32) -> Self {
            Self
        }

        pub(in super::super) async fn ended(&mut self) {}
    }
}
