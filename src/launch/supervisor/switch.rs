//! Switching a running runtime to another release.
//!
//! The listening sockets stay open all the time, so connections wait. Where the new server does not become ready, the
//! previous one is started again on the same sockets.

use std::{fs::File, time::Duration};

use super::{Supervisor, state_failures::state_failure};
use crate::{
    launch::{
        RuntimeDocument, RuntimeState, ServerExit, StartFailure, log,
        server_process::ServerProcess,
        system,
        updates::{
            PreparedUpdate, ReleaseProgram, SwitchOutcome, SwitchPhase, UpdateNotes,
            forget_unfinished, is_of_this_machine, keep_logs,
        },
    },
    update::UpdateEvent,
};

/// How often the previous release is started again.
const ATTEMPTS: u32 = 3;
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(500);
/// How long the previous release may take to become ready, at least.
const LONG_TIMEOUT: Duration = Duration::from_secs(30);

/// The release that ran before, and the lock that keeps its tree.
struct PreviousRelease {
    release: ReleaseProgram,
    lease: Option<File>,
}

impl Supervisor {
    /// Stops `server` and starts the release instead of it. `Err` where the runtime has ended: a stop was requested
    /// meanwhile, or neither release becomes ready.
    pub(super) async fn switch(
        &mut self,
        server: &mut ServerProcess,
        update: PreparedUpdate,
    ) -> Result<(), ServerExit> {
        (self.switching, self.end_requested) = (true, false);
        let result = self.switch_servers(server, update).await;
        self.switching = false;
        // Where it was stopped, that is told when the server has ended.
        if result.is_ok() {
            forget_unfinished(&self.folder);
        }
        result
    }

    async fn switch_servers(
        &mut self,
        server: &mut ServerProcess,
        update: PreparedUpdate,
    ) -> Result<(), ServerExit> {
        let PreparedUpdate { release, lease, mut record, reply } = update;
        if let Err(error) = record.write(&self.folder, SwitchPhase::Switching) {
            // Without a file for it, the server could not report that it is ready either.
            let _ = reply.send(SwitchOutcome::Postponed(state_failure(error).to_string()));
            return Ok(());
        }
        let kept = self.sockets.is_some();
        self.request.keep_sockets();
        let ended = self.stop(server).await;
        if self.end_requested {
            return Err(ended);
        }
        let version = release.version.clone();
        let previous = self.replace(release, Some(lease));
        let why = match self.start().await {
            Ok(started) => {
                *server = started;
                self.note_switched(&previous.release.version, kept);
                let _ = record.write(&self.folder, SwitchPhase::Done);
                let _ = reply.send(SwitchOutcome::Switched);
                return Ok(());
            }
            Err(why) => why,
        };
        let PreviousRelease { release, lease } = previous;
        self.replace(release, lease);
        if matches!(why, StartFailure::Stopped { .. }) {
            return Err(ended);
        }
        let (log, before) = (self.folder.log(), log::numbered(&self.folder.log(), 1));
        let logs = keep_logs(&self.folder.update_logs(), &version, &log, &before);
        let again = self.start_again(server).await;
        let detail = match &again {
            Err(again) => format!("{why}; the previous one did not start: {again}"),
            Ok(()) => why.to_string(),
        };
        if let Some(notes) = UpdateNotes::of(&self.request) {
            let versions = (self.request.version(), version.as_str());
            notes.rolled_back(versions, detail, logs, !is_of_this_machine(&why, &self.folder));
        }
        let _ = reply.send(SwitchOutcome::GivenUp);
        let is_stopped = |again| matches!(again, StartFailure::Stopped { .. });
        again.map_err(|again| ServerExit { requested: is_stopped(again), ..ended })
    }

    fn note_switched(&self, from: &str, kept: bool) {
        let Some(notes) = UpdateNotes::of(&self.request) else { return };
        let detail = match (kept, self.sockets.is_some()) {
            (true, _) => None,
            (false, true) => Some(
                "the sockets were not kept before, so connections were refused until the old server had ended",
            ),
            (false, false) => Some(
                "the sockets are not kept, so connections were refused between the two servers",
            ),
        };
        let versions = (from, Some(self.request.version()));
        notes.note(UpdateEvent::Switched, versions, detail.map(str::to_owned));
    }

    /// Starts the previous release again. It was ready before, so what keeps it from that now may pass: it gets more time
    /// than usual, and several attempts.
    async fn start_again(&mut self, server: &mut ServerProcess) -> Result<(), StartFailure> {
        let usual = self.request.ready_timeout;
        self.request.ready_timeout = usual.max(LONG_TIMEOUT);
        let mut attempts = ATTEMPTS;
        let result = loop {
            attempts -= 1;
            match self.start().await {
                Ok(started) => {
                    *server = started;
                    break Ok(());
                }
                Err(stopped @ StartFailure::Stopped { .. }) => break Err(stopped),
                Err(again) if attempts == 0 => break Err(again),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        };
        self.request.ready_timeout = usual;
        result
    }

    /// Makes the release the one that is started next and that the instance is about; returns the one before.
    fn replace(&mut self, release: ReleaseProgram, lease: Option<File>) -> PreviousRelease {
        let release = self.request.replace(release);
        let lease = std::mem::replace(&mut self.lease, lease);
        // The server inherits the lease of its own tree alone.
        let _ = lease.as_ref().map(system::not_inheritable);
        let _ = self.lease.as_ref().map(system::inheritable);
        let new = self.request.new_record(&self.folder.log());
        self.record.send_modify(|record| {
            // The next server listens at the same addresses.
            let before = &record.instance.document;
            let (bridge, dashboard) = (before.bridge.clone(), before.dashboard.clone());
            record.instance.document =
                RuntimeDocument { bridge, dashboard, ..new.instance.document };
            record.instance.started = new.instance.started;
            record.instance.state = RuntimeState::Switching;
            record.settings = new.settings;
            record.login_key = None;
        });
        // If the record cannot be written, only what is displayed is wrong; the next change writes it again.
        let _ = self.write_record();
        PreviousRelease { release, lease }
    }
}
