//! What differs between operating systems, and nothing else.

pub(super) use imp::*;

#[cfg(unix)]
mod imp {
    use std::{fs, fs::File, io, os::unix::fs::DirBuilderExt, path::Path, process::Command};

    use rustix::{
        io::{FdFlags, fcntl_setfd},
        process::{Pid, Signal, kill_process, kill_process_group, setsid},
    };

    /// A session of its own: no terminal, and no signal that a terminal sends to its jobs.
    pub(in super::super) fn own_session() {
        // Fails only for the leader of a process group, which has what we want but the session.
        let _ = setsid();
    }

    /// Keeps `file` open in the programs that this process starts from now on.
    pub(in super::super) fn inheritable(file: &File) -> io::Result<()> {
        Ok(fcntl_setfd(file, FdFlags::empty())?)
    }

    /// The same open file under a number that the system closes after all others when this process ends.
    pub(in super::super) fn last_closed(file: File) -> File {
        const HIGH: i32 = 200;
        // Where so many files may not be open, the order is left to chance.
        rustix::io::fcntl_dupfd_cloexec(&file, HIGH).map_or(file, File::from)
    }

    /// A process group of its own, so that what the server leaves behind can be ended with it.
    pub(in super::super) fn own_group(command: &mut Command) {
        std::os::unix::process::CommandExt::process_group(command, 0);
    }

    /// Creates a folder, and those above it, that only this user can look into.
    pub(in super::super) fn private_folder(path: &Path) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    /// Asks a child that was not waited for yet to end.
    pub(in super::super) fn ask_to_end(pid: u32) {
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

    /// Knows when a child has ended, without reaping it: until somebody does, the number of its process group cannot
    /// be given to anybody else.
    pub(in super::super) struct EndWatch(tokio::sync::watch::Receiver<bool>);

    impl EndWatch {
        /// Watches `pid`, a child that was not waited for yet.
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

        /// Returns when it has ended.
        pub(in super::super) async fn ended(&mut self) {
            let _ = self.0.wait_for(|ended| *ended).await;
        }
    }

    /// The signals that ask a program to end; those that were ignored when it started (`nohup`, `&` in a script)
    /// stay ignored.
    pub(in super::super) struct EndSignals(Vec<(i32, tokio::signal::unix::Signal)>);

    impl EndSignals {
        pub(in super::super) fn listen() -> io::Result<Self> {
            use tokio::signal::unix::{SignalKind, signal};
            let ignored = ignored();
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
                .into_iter()
                .filter(|kind| ignored & (1 << (kind.as_raw_value() - 1)) == 0)
                .map(|kind| Ok((kind.as_raw_value(), signal(kind)?)))
                .collect::<io::Result<_>>()
                .map(Self)
        }

        /// The number of the next one.
        pub(in super::super) async fn next(&mut self) -> i32 {
            std::future::poll_fn(|cx| {
                let came = self.0.iter_mut().find_map(|(number, signal)| {
                    signal.poll_recv(cx).is_ready().then_some(*number)
                });
                came.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
            })
            .await
        }
    }

    /// Whether a terminal sends the signal to all of its foreground jobs by itself.
    pub(in super::super) fn sent_to_all(signal: i32) -> bool {
        signal == Signal::INT.as_raw()
    }

    /// The mask of ignored signals, where the system tells.
    fn ignored() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    }
}

#[cfg(windows)]
mod imp {
    use std::{fs, fs::File, io, path::Path, process::Command};

    pub(in super::super) fn own_session() {}

    /// Nothing to do: the file of a running program cannot be removed here, and the supervisor holds the locks.
    pub(in super::super) fn inheritable(_file: &File) -> io::Result<()> {
        Ok(())
    }

    /// The order does not matter where no lease is inherited.
    pub(in super::super) fn last_closed(file: File) -> File {
        file
    }

    pub(in super::super) fn own_group(command: &mut Command) {
        const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
        std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
    }

    /// A user's own folders are private by inheritance here.
    pub(in super::super) fn private_folder(path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    /// There is no signal that asks a process without a console to end: it is ended by its handle.
    pub(in super::super) fn ask_to_end(_pid: u32) {}

    pub(in super::super) fn kill_group(_pid: u32) {}

    pub(in super::super) fn in_group(pid: u32, group: u32) -> bool {
        pid == group
    }

    pub(in super::super) fn signal_of(_status: std::process::ExitStatus) -> Option<i32> {
        None
    }

    /// There are no process groups to be ended here.
    pub(in super::super) struct EndWatch;

    impl EndWatch {
        pub(in super::super) fn on(_pid: u32) -> Self {
            Self
        }

        pub(in super::super) async fn ended(&mut self) {}
    }

    pub(in super::super) struct EndSignals {
        c: tokio::signal::windows::CtrlC,
        close: tokio::signal::windows::CtrlClose,
    }

    impl EndSignals {
        pub(in super::super) fn listen() -> io::Result<Self> {
            use tokio::signal::windows::{ctrl_c, ctrl_close};
            Ok(Self { c: ctrl_c()?, close: ctrl_close()? })
        }

        pub(in super::super) async fn next(&mut self) -> i32 {
            tokio::select! {
                _ = self.c.recv() => 2,
                _ = self.close.recv() => 1,
            }
        }
    }

    pub(in super::super) fn sent_to_all(_signal: i32) -> bool {
        true
    }
}
