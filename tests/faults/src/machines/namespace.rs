//! A mount namespace of its own: what is mounted there is seen by no other program, and ends with it.

use std::process::{Command, ExitStatus};

use crate::tally::Outcome;

/// Set in the process that runs in the namespace.
const INSIDE: &str = "FAULTS_NAMESPACE";

/// Where this program runs.
#[derive(Debug)]
pub(crate) enum Place {
    /// In a namespace of its own.
    Inside,
    /// It ran again in a namespace, and ended like this.
    Ran(ExitStatus),
    /// The system does not allow a namespace.
    Refused,
}

/// Runs this program again in a namespace, unless it runs in one.
pub(crate) fn enter() -> Outcome<Place> {
    if std::env::var_os(INSIDE).is_some() {
        return Ok(Place::Inside);
    }
    // The root of the system may mount more than the root of a user namespace.
    for flags in [&["--mount"][..], &["--map-root-user", "--mount"]] {
        let mut probe = Command::new("unshare");
        probe.args(flags).args(["--", "mount", "-t", "tmpfs", "none", "/mnt"]);
        let output = probe.output().map_err(|error| format!("could not start unshare: {error}"))?;
        if output.status.success() {
            let mut again = Command::new("unshare");
            again.args(flags).arg("--").arg(std::env::current_exe()?);
            again.args(std::env::args_os().skip(1)).env(INSIDE, "1");
            return Ok(Place::Ran(again.status()?));
        }
    }
    Ok(Place::Refused)
}
