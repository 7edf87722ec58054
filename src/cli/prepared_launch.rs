//! [`PreparedLaunch`]: a launch whose release is here and leased.

use super::{CommandError, context::Context, launch_attempt::LaunchAttempt};
use loom_runtime::launch::{self, Launch, LaunchError, Up};

/// A launch, and the release that becomes the current one of the user once it is ready.
pub(crate) struct PreparedLaunch {
    pub(super) launch: Launch,
    pub(super) attempt: LaunchAttempt,
}

impl PreparedLaunch {
    /// Starts the runtime, or finds the one that runs. Where a version that `latest` or a range selects does not become ready,
    /// the last one that was ready here is started instead.
    pub(crate) fn up(self, context: &Context) -> Result<Up, CommandError> {
        let Self { launch, attempt } = self;
        let again = launch.without_lease();
        match launch::up(launch) {
            Err(LaunchError::Failed(why)) if why.is_of_release() => {
                attempt.go_back(context, again, why)
            }
            Ok(up) => {
                if let Up::Started(_) = &up {
                    attempt.became_ready(context);
                }
                Ok(up)
            }
            Err(error) => Err(error.into()),
        }
    }
}
