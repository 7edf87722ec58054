//! What Ctrl+C does during a download: the process ends as it would without a handler, but first tells how the
//! download can be resumed.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use loom_base::LockExt as _;
use loom_runtime::launch::EndSignals;

use super::{CommandError, Exit, printer::Printer};

/// Describes the interrupted work; `None` where there is nothing to tell.
type Describe = Box<dyn Fn() -> Option<CommandError> + Send>;

/// The work that is interrupted, once there was some.
static CURRENT: Mutex<Option<Describe>> = Mutex::new(None);
/// Whether the signal is handled here.
static HANDLED: AtomicBool = AtomicBool::new(false);
/// Whether the thread that waits for the signal was started.
static STARTED: AtomicBool = AtomicBool::new(false);

/// From now on, Ctrl+C prints the error that `describe` returns, if any, and ends the process.
///
/// The first call starts a thread: a command that downloads nothing has none.
pub(crate) fn handle(
    printer: &Printer,
    describe: impl Fn() -> Option<CommandError> + Send + 'static,
) {
    *CURRENT.locked() = Some(Box::new(describe));
    HANDLED.store(true, Ordering::SeqCst);
    if !STARTED.swap(true, Ordering::SeqCst) {
        let printer = printer.clone();
        thread::spawn(move || wait(&printer));
    }
}

/// Leaves Ctrl+C to the part of the program that handles signals from now on.
pub(crate) fn release() {
    HANDLED.store(false, Ordering::SeqCst);
}

fn wait(printer: &Printer) {
    // Where signals cannot be handled, Ctrl+C ends the process without a message, as it does elsewhere.
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return;
    };
    runtime.block_on(async {
        let Ok(mut signals) = EndSignals::listen_to_interrupt() else { return };
        loop {
            signals.next().await;
            if HANDLED.load(Ordering::SeqCst) {
                end(printer);
            }
        }
    });
}

fn end(printer: &Printer) -> ! {
    let error = CURRENT.locked().as_ref().and_then(|describe| describe());
    printer.clear_progress();
    if let Some(error) = error {
        printer.error(&error);
    }
    std::process::exit(Exit::Interrupted.code().into())
}
