//! Runs asynchronous sources from blocking code, on the calling thread.

use std::{cell::OnceCell, future::Future};

use tokio::runtime::{Builder, Runtime};

use super::AcquireError;

/// Runs asynchronous sources from blocking code. The asynchronous runtime is created when the first source is asked, so
/// that a command that asks none does not pay for it.
#[derive(Debug, Default)]
pub struct SourceRuntime {
    runtime: OnceCell<Runtime>,
}

impl SourceRuntime {
    /// Runs `future` to its end on the calling thread.
    ///
    /// # Errors
    /// [`AcquireError::Prepare`] where the operating system has no resources for a runtime (file descriptors, say).
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> Result<T, AcquireError> {
        if self.runtime.get().is_none() {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(AcquireError::Prepare)?;
            // Only this thread can have set it in between, and it has not.
            let _ = self.runtime.set(runtime);
        }
        match self.runtime.get() {
            Some(runtime) => Ok(runtime.block_on(future)),
            None => Err(AcquireError::Prepare(std::io::Error::other("no runtime"))),
        }
    }
}

impl Drop for SourceRuntime {
    /// A mount or a name server that does not answer may block a thread for a long time; no one waits for that thread.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
