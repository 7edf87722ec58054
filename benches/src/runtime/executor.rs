//! Runs asynchronous measurements from blocking code.

use crate::setup::Outcome;

/// Runs a measurement to its end, on as many threads as the machine has cores.
pub(crate) fn block_on<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
