//! The dashboard of the project's running runtime, as commands ask it.

use loom_base::{clean, error_chain};
use loom_runtime::launch::{
    self, DashboardClient, DashboardError, DashboardRequest, Instance, LaunchError, LaunchKind,
};
use serde_json::Value;

use super::{CommandError, Exit, context::Context, project_scope::ProjectScope};

/// The dashboard of the project's running runtime.
pub(crate) struct RunningDashboard {
    pub(crate) client: DashboardClient,
}

impl RunningDashboard {
    /// The dashboard of the runtime of the project in which the command was typed.
    ///
    /// # Errors
    /// If no runtime runs, or the one that does has no dashboard.
    pub(crate) fn of(context: &Context) -> Result<Self, CommandError> {
        Self::find(&ProjectScope::of(context)?)?.ok_or_else(|| LaunchError::NothingRuns.into())
    }

    /// The dashboard of the project's runtime; `None` if no runtime runs.
    ///
    /// # Errors
    /// If the runtime has no dashboard, or it does not let this program in.
    pub(crate) fn find(project: &ProjectScope) -> Result<Option<Self>, CommandError> {
        let running = launch::running(&project.state, project.scope(false))?;
        let is_own = |instance: &Instance| {
            instance.kind == LaunchKind::Up && instance.document.binary == project.binary
        };
        let Some(own) = running.into_iter().find(is_own) else { return Ok(None) };
        let Some(address) = own.document.dashboard else {
            let message = "the runtime of this project runs without a dashboard, which this needs";
            let hint = "`loom up --mode full` starts it with one";
            return Err(CommandError::new(Exit::Absent, message).hint(hint));
        };
        let client = DashboardClient::open(&address).map_err(|error| refused(&error))?;
        Ok(Some(Self { client }))
    }

    /// The answer to a request.
    pub(crate) fn ask(&self, request: DashboardRequest<'_>) -> Result<Value, CommandError> {
        self.client.ask(request).map_err(|error| refused(&error))
    }

    /// The answer to a body that is sent to a path.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, CommandError> {
        self.ask(DashboardRequest { body: Some(body), ..DashboardRequest::new("POST", path) })
    }
}

/// The error of a request.
pub(crate) fn refused(error: &DashboardError) -> CommandError {
    let exit = match error {
        error if error.is_absent() => Exit::Absent,
        error if error.is_usage() => Exit::Usage,
        _ => Exit::Failure,
    };
    CommandError::new(exit, clean::text(&error_chain(error)))
}
