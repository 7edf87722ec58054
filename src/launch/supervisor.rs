//! [`Supervisor`]: owns one server, its log and the folder of its instance.
//!
//! | file | holds |
//! |---|---|
//! | `starting` | starting the server, until it is ready |
//! | `switch` | switching to another release |
//! | `failures`, `state_failures` | why a server did not become ready |

mod failures;
mod starting;
mod state_failures;
mod switch;

use std::{fs::File, io::Write, sync::Arc, time::Duration};

use tokio::sync::{mpsc, watch};

use self::state_failures::{io_failure, state_failure};
use super::{
    Instance, LaunchKind, RuntimeState, ServerExit, StartFailure,
    channel::ControlListener,
    control::{self, StartReport, SupervisorEvent, SupervisorView},
    document::InstanceRecord,
    end_record,
    events::end_requested,
    instance_folder::InstanceFolder,
    kept_sockets::KeptSockets,
    left_record::left_record,
    log_rotation,
    reporter::Reporter,
    server_process::ServerProcess,
    start_request::StartRequest,
    system,
    updates::{self, PreparedUpdate, forget_unfinished, note_stopped, settle},
};

/// How long clients may take to receive that the server has ended.
const REPLY_TIMEOUT: Duration = Duration::from_secs(1);

/// How one run of the server ended.
enum RunEnd {
    /// For good.
    Done,
    /// The server may be started again.
    Yielded,
}

/// A supervisor and all that it needs to start its server, also a second time.
pub(super) struct Supervisor {
    request: StartRequest,
    folder: InstanceFolder,
    sender: mpsc::UnboundedSender<SupervisorEvent>,
    events: mpsc::UnboundedReceiver<SupervisorEvent>,
    reporter: Reporter,
    record: watch::Sender<InstanceRecord>,
    ended: watch::Sender<Option<Option<ServerExit>>>,
    /// Whether the server ends when the process that started the supervisor does.
    exit_with_starter: bool,
    /// Whether the server is stopped to make room for another one, and may be started again.
    yielding: bool,
    /// Whether the runtime is being switched to another release.
    switching: bool,
    /// Whether a stop was requested while the server was being stopped.
    end_requested: bool,
    /// The lock that keeps the tree of the server, which inherits it.
    lease: Option<File>,
    /// The listening sockets, where they are kept.
    sockets: Option<KeptSockets>,
    /// The lock of the instance, once the server has ended for good.
    lock: Option<File>,
}

impl Supervisor {
    pub(super) fn new(
        request: StartRequest,
        sender: mpsc::UnboundedSender<SupervisorEvent>,
        events: mpsc::UnboundedReceiver<SupervisorEvent>,
        output: Box<dyn Write>,
    ) -> Self {
        let folder = InstanceFolder::named(&request.state(), &request.id);
        let record = watch::Sender::new(request.new_record(&folder.log()));
        let lease = request.lease.and_then(system::adopt);
        Self {
            folder,
            request,
            sender,
            events,
            reporter: Reporter::Pipe(output),
            record,
            ended: watch::Sender::new(None),
            exit_with_starter: true,
            yielding: false,
            switching: false,
            end_requested: false,
            lease,
            sockets: None,
            lock: None,
        }
    }

    /// Runs the server until it has ended for good. Returns the lock of the instance, which the caller holds until
    /// the process ends.
    pub(super) async fn run(mut self) -> Option<File> {
        while let RunEnd::Yielded = self.run_once().await {
            if !self.resume_requested().await {
                break;
            }
        }
        if self.request.kind == LaunchKind::Exec {
            self.folder.remove();
        }
        // Clients that wait for the end were woken; their replies are sent before the process ends.
        let _ = tokio::time::timeout(REPLY_TIMEOUT, self.ended.closed()).await;
        self.lock
    }

    /// One run of the server, from taking the lock to the report of its end.
    async fn run_once(&mut self) -> RunEnd {
        let lock = match self.take_instance() {
            Ok(lock) => lock,
            Err(failure) => {
                self.reporter.report(StartReport::Failed(failure));
                return RunEnd::Done;
            }
        };
        let listener = match ControlListener::bind(&self.folder.control_file()) {
            Ok(listener) => Arc::new(listener),
            Err(e) => {
                let failure = io_failure("listen for control requests", &e);
                self.reporter.report(StartReport::Failed(failure));
                return RunEnd::Done;
            }
        };
        let control = tokio::spawn(control::serve(listener, self.view()));
        let rotation = tokio::spawn(log_rotation::limit(self.folder.log()));
        let (ended, report) = match self.start().await {
            Ok(mut server) => {
                let document = self.record.borrow().with_login_url().instance.document;
                self.reporter.report(StartReport::Ready(Box::new(document)));
                let (prepared, updates) = mpsc::channel(1);
                let looking = self.folder.clone();
                let looking = tokio::spawn(updates::watch(self.request.clone(), looking, prepared));
                let ended = self.watch(&mut server, updates).await;
                looking.abort();
                // A version that is being tried ends before the lock is free.
                let _ = looking.await;
                if ended.requested {
                    note_stopped(&self.folder, &self.request, self.yielding);
                }
                forget_unfinished(&self.folder);
                self.keep_end(ended);
                (Some(ended), StartReport::Ended(ended))
            }
            Err(failure) => (None, StartReport::Failed(failure)),
        };
        control.abort();
        rotation.abort();
        self.sockets = None;
        self.folder.remove_run_files();
        let yielded = self.yielding && ended.is_some();
        if yielded {
            drop(lock);
        } else {
            // Held until this process has ended: a process that sees the lock free must find the lease free as well.
            self.lock = Some(lock);
        }
        self.ended.send_replace(Some(ended));
        self.reporter.report(report);
        if yielded { RunEnd::Yielded } else { RunEnd::Done }
    }

    fn view(&self) -> SupervisorView {
        SupervisorView {
            events: self.sender.clone(),
            record: self.record.subscribe(),
            ended: self.ended.subscribe(),
        }
    }

    /// Takes the lock of the instance, which the server inherits, and makes its folder that of a new run.
    fn take_instance(&mut self) -> Result<File, StartFailure> {
        self.folder.create().map_err(state_failure)?;
        let lock = self.folder.try_lock().map_err(state_failure)?.ok_or(StartFailure::Busy)?;
        let lock = system::last_closed(lock);
        system::inheritable(&lock).map_err(|e| io_failure("make the lock inheritable", &e))?;
        // Of a supervisor that was killed.
        settle(&self.folder, left_record(&self.folder).as_ref(), false);
        self.folder.remove_run_files();
        self.folder.remove_end();
        self.ended.send_replace(None);
        self.yielding = false;
        self.end_requested = false;
        self.record.send_replace(self.request.new_record(&self.folder.log()));
        self.write_record()?;
        Ok(lock)
    }

    fn write_record(&self) -> Result<(), StartFailure> {
        self.folder.write(&self.record.borrow()).map_err(state_failure)
    }

    fn update(&self, change: impl FnOnce(&mut Instance)) -> Result<(), StartFailure> {
        self.record.send_modify(|record| change(&mut record.instance));
        self.write_record()
    }

    /// Waits until a server that is ready has ended, and stops it when that is requested. Switches to the releases that
    /// `updates` brings.
    async fn watch(
        &mut self,
        server: &mut ServerProcess,
        mut updates: mpsc::Receiver<PreparedUpdate>,
    ) -> ServerExit {
        loop {
            let Self { events, exit_with_starter, yielding, .. } = &mut *self;
            let update = tokio::select! {
                biased;
                ended = server.ended() => return ended,
                () = end_requested(events, exit_with_starter, yielding, false) => None,
                Some(update) = updates.recv() => Some(update),
            };
            let switched = match update {
                Some(update) => self.switch(server, update).await,
                None => Err(self.stop(server).await),
            };
            if let Err(ended) = switched {
                return ended;
            }
        }
    }

    /// Stops the server; kills it when its grace period is over or a kill is requested.
    async fn stop(&mut self, server: &mut ServerProcess) -> ServerExit {
        // If the record cannot be written, only the displayed state is wrong.
        let state = if self.switching { RuntimeState::Switching } else { RuntimeState::Stopping };
        let _ = self.update(|instance| instance.state = state);
        server.terminate();
        let Self { events, exit_with_starter, yielding, switching, end_requested, request, .. } =
            &mut *self;
        let kill_requested = async {
            while let Some(event) = events.recv().await {
                match event {
                    SupervisorEvent::Stop { now } => {
                        *end_requested = true;
                        if now {
                            return;
                        }
                    }
                    SupervisorEvent::Yield if *switching => {
                        (*end_requested, *yielding) = (true, true);
                    }
                    SupervisorEvent::Released { stay: true } => *exit_with_starter = false,
                    SupervisorEvent::Released { stay: false } if *exit_with_starter => {
                        *end_requested = true;
                    }
                    _ => {}
                }
            }
        };
        let in_time = tokio::select! {
            ended = server.ended() => Some(ended),
            () = kill_requested => None,
            () = tokio::time::sleep(request.grace) => None,
        };
        match in_time {
            Some(ended) => ServerExit { requested: true, ..ended },
            None => {
                server.kill();
                ServerExit { requested: true, killed: true, ..server.ended().await }
            }
        }
    }

    /// Records an end that was not requested.
    fn keep_end(&self, ended: ServerExit) {
        if !ended.requested {
            let instance = self.record.borrow().instance.clone();
            // If that fails, the end is only missing in `status`.
            let _ = end_record::keep(&self.folder, &instance.document, &instance.project, ended);
        }
    }

    /// Waits for the decision of the client that made this supervisor yield. If the client is gone without one, the
    /// server is started again unless the instance has a new owner.
    async fn resume_requested(&mut self) -> bool {
        while let Some(event) = self.events.recv().await {
            match event {
                SupervisorEvent::Resume(reply) => {
                    self.reporter = Reporter::Reply(Some(reply));
                    return true;
                }
                SupervisorEvent::Quit { requested: true } | SupervisorEvent::Stop { .. } => {
                    return false;
                }
                SupervisorEvent::Quit { requested: false } => {
                    self.reporter = Reporter::Reply(None);
                    return matches!(self.folder.is_alive(), Ok(false));
                }
                SupervisorEvent::Yield | SupervisorEvent::Released { .. } => {}
            }
        }
        false
    }
}
