//! The only bridge between blocking code and asynchronous sources: a runtime on the calling thread,
//! made when the first source is asked.

use std::{cell::OnceCell, future::Future};

use tokio::runtime::{Builder, Runtime};

use super::AcquireError;

/// Drives sources from blocking code.
#[derive(Debug, Default)]
pub struct SourceRuntime {
    runtime: OnceCell<Runtime>,
}

impl SourceRuntime {
    /// Runs `future` to its end on the calling thread.
    ///
    /// # Errors
    /// [`AcquireError::Prepare`] where the system gives no runtime (no file descriptors left, say).
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> Result<T, AcquireError> {
        if self.runtime.get().is_none() {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(AcquireError::Prepare)?;
            // Only this thread can have filled it in between, and it has not.
            let _ = self.runtime.set(runtime);
        }
        match self.runtime.get() {
            Some(runtime) => Ok(runtime.block_on(future)),
            None => Err(AcquireError::Prepare(std::io::Error::other("no runtime"))),
        }
    }
}

impl Drop for SourceRuntime {
    /// A mount that hangs, or a name server that says nothing, holds a thread for as long as the system is patient;
    /// nobody waits for it.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
