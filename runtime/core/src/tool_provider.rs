//! The interface between the registry and what executes tools.

use std::fmt;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::tool::{ToolCall, ToolResult};

/// Executes tools.
///
/// # Examples
/// ```
/// use std::sync::Arc;
///
/// use futures::{FutureExt as _, future::BoxFuture};
/// use loom_core::{Runtime, RuntimeOptions, Tool, ToolCall, ToolProvider, ToolResult};
/// use tokio_util::sync::CancellationToken;
///
/// /// Returns its arguments.
/// #[derive(Debug)]
/// struct Echo;
///
/// impl ToolProvider for Echo {
///     fn call(&self, call: ToolCall, _cancel: CancellationToken) -> BoxFuture<'_, ToolResult> {
///         async { Ok(call.arguments) }.boxed()
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let runtime = Runtime::new(RuntimeOptions::default());
/// let tool = Tool { name: "echo".to_owned(), ..Tool::default() };
/// let offer = runtime.registry().offer(vec![tool], Arc::new(Echo));
///
/// let call = ToolCall { name: "echo".to_owned(), arguments: "[1]".to_owned(), ..ToolCall::default() };
/// assert_eq!(runtime.call_tool(call.clone()).await, Ok("[1]".to_owned()));
///
/// drop(offer);
/// assert!(runtime.call_tool(call).await.is_err());
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait ToolProvider: fmt::Debug + Send + Sync {
    /// Executes a call of one of its tools. `call.name` is the name under which the tool was offered; the arguments
    /// are valid JSON.
    ///
    /// The runtime enforces the timeout: when [`ToolCall::timeout`] is over, or the caller is gone, the future is
    /// dropped and `cancel` fires, for work that goes on outside of the future. `cancel` also fires after a result.
    fn call(&self, call: ToolCall, cancel: CancellationToken) -> BoxFuture<'_, ToolResult>;

    /// Whether the provider can be called now.
    ///
    /// # Errors
    /// The reason why not, such as `agent a is not connected`. The registry holds no lock while it asks.
    fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A provider for tests of the registry.

    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use futures::FutureExt as _;

    use super::*;

    /// A provider that returns its own name.
    #[derive(Debug)]
    pub(crate) struct NamedProvider {
        name: &'static str,
        is_ready: AtomicBool,
    }

    impl NamedProvider {
        pub(crate) fn new(name: &'static str) -> Arc<Self> {
            Arc::new(Self { name, is_ready: true.into() })
        }

        pub(crate) fn set_ready(&self, is_ready: bool) {
            self.is_ready.store(is_ready, Ordering::Relaxed);
        }
    }

    impl ToolProvider for NamedProvider {
        fn call(&self, _: ToolCall, _: CancellationToken) -> BoxFuture<'_, ToolResult> {
            async { Ok(self.name.to_owned()) }.boxed()
        }

        fn ready(&self) -> Result<(), String> {
            if self.is_ready.load(Ordering::Relaxed) {
                Ok(())
            } else {
                Err(format!("{} is away", self.name))
            }
        }
    }

    /// The name that a [`NamedProvider`] returns.
    pub(crate) fn name_of(provider: &dyn ToolProvider) -> String {
        let result = provider.call(ToolCall::default(), CancellationToken::new());
        result.now_or_never().unwrap().unwrap()
    }
}
