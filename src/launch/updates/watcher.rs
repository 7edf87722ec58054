//! When newer releases are looked for, and what is done about one.

use std::{
    fs::File,
    io,
    path::Path,
    time::{Duration, SystemTime},
};

use tokio::sync::{mpsc, oneshot};

use super::{
    check_process::CheckProcess,
    kept_logs::keep_logs,
    notes::UpdateNotes,
    proof::prove,
    protocol::{CheckReport, CheckRequest, ReadyRelease, ReleaseProgram},
    switch_record::{SwitchPhase, SwitchRecord, forget_unfinished},
};
use crate::{
    launch::{
        StartFailure, UpdateWatch, instance_folder::InstanceFolder, start_request::StartRequest,
        system,
    },
    update::UpdateEvent,
};

/// The shortest time between two checks, and the one where `update.check_interval` is zero: that means that no answer is
/// ever fresh, not that a server is to be asked all the time.
const SHORTEST: Duration = Duration::from_secs(1);
const WITHOUT_INTERVAL: Duration = Duration::from_secs(24 * 3600);

/// A release that was proved and leased, for the supervisor to switch to.
pub(in crate::launch) struct PreparedUpdate {
    /// The release.
    pub(in crate::launch) release: ReleaseProgram,
    /// The lock that keeps its tree.
    pub(in crate::launch) lease: File,
    /// How far the switch has come.
    pub(in crate::launch) record: SwitchRecord,
    /// Receives what became of it. It is dropped where the runtime is stopped meanwhile.
    pub(in crate::launch) reply: oneshot::Sender<SwitchOutcome>,
}

/// What became of a switch.
#[derive(Debug)]
pub(in crate::launch) enum SwitchOutcome {
    /// The release runs.
    Switched,
    /// The release did not become ready, and the one before runs.
    GivenUp,
    /// The runtime was not touched, for this reason, which says nothing of the release.
    Postponed(String),
}

/// Looks for newer releases of the runtime of `request` until the future is dropped, and sends those that are ready.
pub(in crate::launch) async fn watch(
    request: StartRequest,
    folder: InstanceFolder,
    updates: mpsc::Sender<PreparedUpdate>,
) {
    let Some(watch) = request.update.clone() else { return };
    let Some(notes) = UpdateNotes::of(&request) else { return };
    let running = request.version().to_owned();
    let given_up = Vec::new();
    let mut watcher = Watcher { request, folder, watch, notes, running, given_up, updates };
    let mut pause = watcher.interval();
    loop {
        tokio::time::sleep(pause).await;
        let opens = watcher.check().await;
        pause = opens.map_or(watcher.interval(), |opens| opens.min(watcher.interval()));
    }
}

struct Watcher {
    request: StartRequest,
    folder: InstanceFolder,
    watch: UpdateWatch,
    notes: UpdateNotes,
    /// The version that runs.
    running: String,
    /// The versions that did not become ready, also where that could not be written down.
    given_up: Vec<String>,
    updates: mpsc::Sender<PreparedUpdate>,
}

impl Watcher {
    /// The interval, and up to a tenth more: runtimes that were started together do not ask together.
    fn interval(&self) -> Duration {
        let interval = match self.watch.interval {
            Duration::ZERO => WITHOUT_INTERVAL,
            interval => interval.max(SHORTEST),
        };
        interval + interval / 10 * (std::process::id() % 100) / 100
    }

    /// Looks for a newer release and switches to it. Returns how long the next check waits for the window to open, where
    /// there is a release and the window is closed.
    async fn check(&mut self) -> Option<Duration> {
        let request = CheckRequest {
            version: self.running.clone(),
            launch_args: self.request.launch_args.clone(),
        };
        let project = self.request.project();
        match CheckProcess::ask(&self.watch, &project, &request).await {
            Ok((CheckReport::Ready(ready), process))
                if self.given_up.contains(&ready.release.version) =>
            {
                process.end().await;
            }
            Ok((CheckReport::Ready(ready), process)) => {
                let opens = ready.window.opens_in(SystemTime::now());
                if !opens.is_zero() {
                    process.end().await;
                    return Some(opens);
                }
                if self.apply(ready).await {
                    process.switched().await;
                } else {
                    process.end().await;
                }
            }
            Ok((CheckReport::Done, process)) => process.end().await,
            Ok((CheckReport::Failed { version, why }, process)) => {
                self.note(UpdateEvent::Failed, version.as_deref(), Some(why));
                process.end().await;
            }
            Err(error) => {
                let why = format!("could not look for a newer release: {error}");
                self.note(UpdateEvent::Failed, None, Some(why));
            }
        }
        None
    }

    /// Tries a release on free ports and lets the supervisor switch to it. Whether the release runs then.
    async fn apply(&mut self, ready: ReadyRelease) -> bool {
        let ReadyRelease { release, lease, is_default, .. } = ready;
        let version = release.version.clone();
        let lease = match share(Path::new(&lease)) {
            Ok(lease) => lease,
            Err(error) => {
                let why = format!("could not keep the tree of {version}: {error}");
                self.note(UpdateEvent::Failed, Some(&version), Some(why));
                return false;
            }
        };
        let Some(mut record) = SwitchRecord::of(&self.request, &self.running, &release, is_default)
        else {
            return false;
        };
        // Where it cannot be written, the proof fails for the same reason.
        let _ = record.write(&self.folder, SwitchPhase::Trying);
        let proved = prove(&release, &lease, &self.request, &self.folder).await;
        if proved.is_err() {
            forget_unfinished(&self.folder);
        }
        if let Err(why) = &proved
            && is_of_this_machine(why, &self.folder)
        {
            self.note(UpdateEvent::Failed, Some(&version), Some(why.to_string()));
            return false;
        }
        if let Err(why) = proved {
            self.given_up.push(version.clone());
            let logs = keep_logs(
                &self.folder.update_logs(),
                &version,
                &self.folder.proof_log(),
                &self.folder.log(),
            );
            let versions = (self.running.as_str(), version.as_str());
            self.notes.rolled_back(versions, format!("{why} (on free ports)"), logs, true);
            return false;
        }
        self.note(UpdateEvent::Proved, Some(&version), Some("ready on free ports".to_owned()));
        let (reply, outcome) = oneshot::channel();
        let update = PreparedUpdate { release, lease, record, reply };
        if self.updates.send(update).await.is_err() {
            return false;
        }
        match outcome.await {
            Ok(SwitchOutcome::Switched) => {
                self.running = version;
                return true;
            }
            Ok(SwitchOutcome::Postponed(why)) => {
                self.note(UpdateEvent::Failed, Some(&version), Some(why));
            }
            Ok(SwitchOutcome::GivenUp) | Err(_) => self.given_up.push(version),
        }
        false
    }

    fn note(&self, event: UpdateEvent, to: Option<&str>, detail: Option<String>) {
        self.notes.note(event, (&self.running, to), detail);
    }
}

/// Whether a start failed for a reason that says nothing of the release: a file of the state folder, a port, or a folder in
/// which no server can report that it is ready.
pub(in crate::launch) fn is_of_this_machine(why: &StartFailure, folder: &InstanceFolder) -> bool {
    matches!(why, StartFailure::State { .. } | StartFailure::PortTaken { .. })
        || !folder.is_writable()
}

/// Locks the file of a lease shared. Programs that this process starts do not inherit it yet.
fn share(path: &Path) -> io::Result<File> {
    let lease = File::open(path)?;
    lease.try_lock_shared().map_err(io::Error::from)?;
    system::not_inheritable(&lease)?;
    Ok(lease)
}
