//! The parts of process handling that differ between operating systems.

pub(super) use imp::*;

#[cfg(unix)]
mod imp {
    use std::{fs::File, io, process::Command};

    use rustix::{
        io::{FdFlags, fcntl_setfd},
        process::{Pid, Signal, kill_process, kill_process_group, setsid},
    };

    /// Gives this process a session of its own: no terminal, and no signal that a terminal sends to its jobs.
    pub(in super::super) fn own_session() {
        // Fails only for the leader of a process group, which gets no signals of its starter's group either.
        let _ = setsid();
    }

    /// Makes the programs that this process starts from now on inherit `file`.
    pub(in super::super) fn inheritable(file: &File) -> io::Result<()> {
        Ok(fcntl_setfd(file, FdFlags::empty())?)
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
        if let Some(pid) = to_pid(pid) {
            let _ = kill_process(pid, Signal::TERM);
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

    /// Does nothing: the file of a running program cannot be removed on Windows, and the supervisor holds the locks.
    pub(in super::super) fn inheritable(_file: &File) -> io::Result<()> {
        Ok(())
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
