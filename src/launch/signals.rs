//! The signals that ask a program to end.

pub use imp::EndSignals;
pub(super) use imp::sent_to_all;

#[cfg(unix)]
mod imp {
    use std::{fs, io};

    use rustix::process::Signal;
    use tokio::signal::unix::{SignalKind, signal};

    /// SIGINT, SIGTERM and SIGHUP, without those that were ignored when the program started (`nohup`, `&` in a
    /// script): these stay ignored.
    #[derive(Debug)]
    pub struct EndSignals(Vec<(i32, tokio::signal::unix::Signal)>);

    impl EndSignals {
        /// Replaces the default handling of these signals, which ends the process, for the rest of its life. Needs a
        /// tokio runtime.
        ///
        /// # Errors
        /// Where the operating system refuses a signal handler.
        pub fn listen() -> io::Result<Self> {
            Self::of(&[SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()])
        }

        /// The same for SIGINT alone, which Ctrl+C sends.
        ///
        /// # Errors
        /// As [`listen`](Self::listen).
        pub fn listen_to_interrupt() -> io::Result<Self> {
            Self::of(&[SignalKind::interrupt()])
        }

        fn of(kinds: &[SignalKind]) -> io::Result<Self> {
            origin::record();
            let ignored = ignored();
            kinds
                .iter()
                .filter(|kind| ignored & (1 << (kind.as_raw_value() - 1)) == 0)
                .map(|kind| Ok((kind.as_raw_value(), signal(*kind)?)))
                .collect::<io::Result<_>>()
                .map(Self)
        }

        /// Waits for the next signal and returns its number.
        pub async fn next(&mut self) -> i32 {
            std::future::poll_fn(|cx| {
                let received = self.0.iter_mut().find_map(|(number, signal)| {
                    signal.poll_recv(cx).is_ready().then_some(*number)
                });
                received.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
            })
            .await
        }
    }

    /// Whether the terminal sent the last such signal, and so to all of its foreground processes.
    pub(in super::super) fn sent_to_all(signal: i32) -> bool {
        signal == Signal::INT.as_raw() && origin::is_terminal()
    }

    /// The sender of the last SIGINT: only Linux marks those of a terminal.
    #[cfg(target_os = "linux")]
    mod origin {
        use std::sync::{
            Once,
            atomic::{AtomicBool, Ordering},
        };

        /// `SI_KERNEL`: the signal was sent by the kernel, as for Ctrl+C, and not by a process.
        const SENT_BY_KERNEL: i32 = 0x80;

        static BY_KERNEL: AtomicBool = AtomicBool::new(false);

        /// Must be called before tokio handles the signal: handlers run in the order of their registration.
        #[allow(unsafe_code, reason = "the only interface that tells who sent a signal")]
        pub(super) fn record() {
            static REGISTERED: Once = Once::new();
            REGISTERED.call_once(|| {
                // SAFETY: the action only stores to an atomic, which a signal handler may do. The kernel fills the
                // structure for every handler that is registered with SA_SIGINFO, as this function does.
                let _ = unsafe {
                    signal_hook_registry::register_sigaction(
                        rustix::process::Signal::INT.as_raw(),
                        |info| BY_KERNEL.store(info.si_code == SENT_BY_KERNEL, Ordering::SeqCst),
                    )
                };
            });
        }

        pub(super) fn is_terminal() -> bool {
            BY_KERNEL.load(Ordering::SeqCst)
        }
    }

    /// Elsewhere a SIGINT counts as sent by the terminal where this process is in the terminal's foreground group.
    #[cfg(not(target_os = "linux"))]
    mod origin {
        pub(super) fn record() {}

        pub(super) fn is_terminal() -> bool {
            std::fs::File::open("/dev/tty").is_ok_and(|terminal| {
                rustix::termios::tcgetpgrp(&terminal)
                    .is_ok_and(|group| group == rustix::process::getpgrp())
            })
        }
    }

    /// The mask of ignored signals; 0 where the system has no `/proc`.
    fn ignored() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    }
}

#[cfg(windows)]
mod imp {
    use std::io;

    use tokio::signal::windows::{CtrlC, CtrlClose, ctrl_c, ctrl_close};

    /// Ctrl+C, and the closing of the console.
    #[derive(Debug)]
    pub struct EndSignals {
        interrupt: CtrlC,
        close: Option<CtrlClose>,
    }

    impl EndSignals {
        /// Replaces the default handling, which ends the process, for the rest of its life. Needs a tokio runtime.
        ///
        /// # Errors
        /// Where the operating system refuses a handler.
        pub fn listen() -> io::Result<Self> {
            Ok(Self { interrupt: ctrl_c()?, close: Some(ctrl_close()?) })
        }

        /// The same for Ctrl+C alone.
        ///
        /// # Errors
        /// As [`listen`](Self::listen).
        pub fn listen_to_interrupt() -> io::Result<Self> {
            Ok(Self { interrupt: ctrl_c()?, close: None })
        }

        /// Waits for the next one and returns the number of the signal that corresponds to it.
        pub async fn next(&mut self) -> i32 {
            let close = async {
                match &mut self.close {
                    Some(close) => close.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = self.interrupt.recv() => 2,
                _ = close => 1,
            }
        }
    }

    /// A console sends both to all of its processes.
    pub(in super::super) fn sent_to_all(_signal: i32) -> bool {
        true
    }
}
