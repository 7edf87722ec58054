//! The dashboard of a running runtime, as commands ask it.

use loom_base::{clean, error_chain};
use loom_environment::names;
use loom_runtime::launch::{
    self, DashboardClient, DashboardError, DashboardRequest, Instance, LaunchError, LaunchKind,
};
use serde_json::Value;

use super::{CommandError, Exit, context::Context, env::reachable, project_scope::ProjectScope};

/// The variable with the address of the dashboard, which `loom exec` and `loom env` give.
const URL: &str = "LOOM_DASHBOARD_URL";

/// The dashboard of a running runtime.
pub(crate) struct RunningDashboard {
    pub(crate) client: DashboardClient,
}

impl RunningDashboard {
    /// The dashboard of the runtime that [`find`](Self::find) finds.
    ///
    /// # Errors
    /// If no runtime runs, or the one that does has no dashboard.
    pub(crate) fn of(context: &Context) -> Result<Self, CommandError> {
        let found = Self::find(context, &ProjectScope::of(context)?)?;
        found.ok_or_else(|| LaunchError::NothingRuns.into())
    }

    /// The dashboard of the runtime that a command means: within `loom exec` that of `exec`, else that of the project, else
    /// the one that `LOOM_DASHBOARD_URL` names; `None` if none of them runs.
    ///
    /// # Errors
    /// If the runtime has no dashboard, or it does not let this program in.
    pub(crate) fn find(
        context: &Context,
        project: &ProjectScope,
    ) -> Result<Option<Self>, CommandError> {
        let (address, url) = (context.env().get(names::BRIDGE_ADDR), context.env().get(URL));
        // Those of other projects matter only to a command whose environment names a runtime.
        let all = match address.or(url) {
            Some(_) => launch::running(&project.state, project.scope(true))?,
            None => Vec::new(),
        };
        let of_project = launch::running(&project.state, project.scope(false))?;
        let is_of_exec = |instance: &Instance| {
            let bridge = instance.document.bridge.as_ref().map(reachable);
            instance.kind == LaunchKind::Exec && bridge.is_some() && bridge.as_deref() == address
        };
        let is_own = |instance: &Instance| {
            instance.kind == LaunchKind::Up && instance.document.binary == project.binary
        };
        let is_at_url = |instance: &Instance| {
            let dashboard = instance.document.dashboard.as_ref();
            dashboard.is_some_and(|dashboard| Some(dashboard.url.as_str()) == url)
        };
        let of_exec = all.iter().find(|instance| is_of_exec(instance));
        let own = || of_project.iter().find(|instance| is_own(instance));
        let at_url = || all.iter().find(|instance| is_at_url(instance));
        of_exec.or_else(own).or_else(at_url).map(Self::open).transpose()
    }

    fn open(instance: &Instance) -> Result<Self, CommandError> {
        let Some(address) = &instance.document.dashboard else {
            let (of, command) = match instance.kind {
                LaunchKind::Up => ("this project", "loom up"),
                LaunchKind::Exec => ("`loom exec`", "loom exec"),
            };
            let message = format!("the runtime of {of} runs without a dashboard, which this needs");
            let hint = format!("`{command} --mode full` starts it with one");
            return Err(CommandError::new(Exit::Absent, message).hint(hint));
        };
        let client = DashboardClient::open(address).map_err(|error| refused(&error))?;
        Ok(Self { client })
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
