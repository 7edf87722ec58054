//! [`PreparedLaunch`]: a launch, and what is noted once the runtime is ready.

use loom_source::Version;

use super::{context::Context, default_version};
use loom_runtime::{
    launch::Launch,
    store::{Installed, Store},
    update::UpdateMemory,
};

/// A launch, and the release that becomes the current one of the user once it is ready.
pub(crate) struct PreparedLaunch {
    pub(crate) launch: Launch,
    /// `None` where an option, a variable, a file or a lock selects the version.
    pub(super) default: Option<(Store, Installed)>,
    /// What remembers the versions that were rolled back.
    pub(super) memory: UpdateMemory,
}

impl PreparedLaunch {
    /// The launch, and what to call once the runtime is ready.
    pub(crate) fn split(self, context: &Context) -> (Launch, impl FnOnce()) {
        let Self { launch, default, memory } = self;
        let state = launch.state.clone();
        let version = launch.version.parse::<Version>().ok();
        let record = move || {
            // What is not forgotten is forgotten by the next start.
            let _ = version.map(|version| memory.forget_rolled_back(&version));
            if let Some((store, installed)) = &default {
                default_version::settle(context, &state, store, &installed.release.product());
                default_version::record(context, store, installed);
            }
        };
        (launch, record)
    }
}
