//! The supervisor: a process of its own that owns one server, its log and its instance's folder.
//!
//! It has its own session and none of its caller's streams but the two pipes to who started it: on one comes the
//! [`Spec`], then a word that it may stay, or the end, which means that it may not; on the other goes what became of
//! the server. It inherited the lease of the server's tree without knowing its number; it never closes it, and the
//! server inherits it in turn.

use std::{
    cell::RefCell,
    fs::File,
    io::{self, BufRead, Write},
    sync::Arc,
    time::Duration,
};

use loom_environment::ReadyDocument;
use tokio::sync::{mpsc, watch};

use super::{
    LaunchError, StartFailure,
    channel::Listener,
    control::{self, StartReport, SupervisorEvent, View},
    document::{BridgeAddress, DashboardAddress, InstanceRecord, RuntimeState},
    end,
    error::Ended,
    folder::InstanceFolder,
    inbox::{listen_to_signals, listen_to_starter, told_to_end},
    log,
    ports::{self, ChosenPorts},
    ready,
    reporter::Reporter,
    runtime::{Local, ProcessConfig, Running, ServerHost},
    spec::StartRequest,
    system,
};

/// How many lines of its log explain a crash.
const TAIL: usize = 20;
/// How long callers may take to hear that the server has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How often another port is picked when somebody was faster.
const PICKS: usize = 5;

/// Runs the supervisor: reads what to do from `input`, reports to `output`, returns when the server has ended.
///
/// Only for the hidden command that [`super::Launcher`] names: it takes the process over.
///
/// # Errors
/// When `input` holds no order, or the process cannot do what any process can.
pub fn supervise(
    mut input: impl BufRead + Send + 'static,
    output: impl Write + 'static,
) -> io::Result<()> {
    system::own_session();
    let mut line = String::new();
    input.read_line(&mut line)?;
    let spec: StartRequest = serde_json::from_str(&line)?;
    drop(line);
    let (events, received) = mpsc::unbounded_channel();
    listen_to_starter(input, events.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        listen_to_signals(events.clone())?;
        let lock = Supervisor::new(spec, events, received, Box::new(output), Local).run().await;
        // The system closes it, after all that has a lower number: the lease.
        std::mem::forget(lock);
        Ok(())
    })
}

/// How one life of the server ended.
enum RunEnd {
    /// For good.
    Done,
    /// It may be started again.
    Yielded,
}

struct Supervisor<R> {
    spec: StartRequest,
    folder: InstanceFolder,
    sender: mpsc::UnboundedSender<SupervisorEvent>,
    events: mpsc::UnboundedReceiver<SupervisorEvent>,
    reporter: Reporter,
    kept: watch::Sender<InstanceRecord>,
    ended: watch::Sender<Option<Option<Ended>>>,
    /// Whether the server is to end with who started us.
    tied: bool,
    yielding: bool,
    /// The instance's lock, once the server has ended for good.
    lock: Option<File>,
    runtime: R,
}

impl<R: ServerHost> Supervisor<R> {
    fn new(
        spec: StartRequest,
        sender: mpsc::UnboundedSender<SupervisorEvent>,
        events: mpsc::UnboundedReceiver<SupervisorEvent>,
        output: Box<dyn Write>,
        runtime: R,
    ) -> Self {
        let folder = InstanceFolder::named(&spec.state(), &spec.id);
        let kept = watch::Sender::new(spec.begin(&folder.log()));
        Self {
            folder,
            spec,
            sender,
            events,
            reporter: Reporter::Pipe(output),
            kept,
            ended: watch::Sender::new(None),
            tied: true,
            yielding: false,
            lock: None,
            runtime,
        }
    }

    /// Returns what to hold until the process ends.
    async fn run(mut self) -> Option<File> {
        while let RunEnd::Yielded = self.live().await {
            if !self.told_to_resume().await {
                break;
            }
        }
        if self.spec.kind == super::LaunchKind::Exec {
            self.folder.remove();
        }
        // Callers that wait for the end were woken; their answers go out before the process ends.
        let _ = tokio::time::timeout(LAST_WORDS, self.ended.closed()).await;
        self.lock
    }

    /// One life of the server, from the lock to the report of its end.
    async fn live(&mut self) -> RunEnd {
        let lock = match self.take().await {
            Ok(lock) => lock,
            Err(failure) => {
                self.reporter.say(StartReport::Failed(failure));
                return RunEnd::Done;
            }
        };
        let listener = match Listener::bind(self.folder.path()) {
            Ok(listener) => Arc::new(listener),
            Err(e) => {
                self.reporter.say(StartReport::Failed(state("listen for commands", &e)));
                return RunEnd::Done;
            }
        };
        let answering = tokio::spawn(control::serve(listener, self.view()));
        let (ended, report) = match self.start().await {
            Ok(mut server) => {
                let ended = self.watch(&mut server).await;
                self.tell_end(ended);
                (Some(ended), StartReport::Ended(ended))
            }
            Err(failure) => (None, StartReport::Failed(failure)),
        };
        answering.abort();
        self.folder.tidy();
        let yielded = self.yielding && ended.is_some();
        if yielded {
            drop(lock);
        } else {
            // Until this process has ended: whoever sees the lock free is to find the lease free as well.
            self.lock = Some(lock);
        }
        self.ended.send_replace(Some(ended));
        self.reporter.say(report);
        if yielded { RunEnd::Yielded } else { RunEnd::Done }
    }

    fn view(&self) -> View {
        View {
            events: self.sender.clone(),
            kept: self.kept.subscribe(),
            ended: self.ended.subscribe(),
        }
    }

    /// Takes the instance: its lock, which the server inherits, and its folder.
    async fn take(&mut self) -> Result<File, StartFailure> {
        self.folder.create().map_err(|e| describe(&e))?;
        let lock = self.folder.try_lock().map_err(|e| describe(&e))?.ok_or(StartFailure::Busy)?;
        let lock = system::last_closed(lock);
        system::inheritable(&lock).map_err(|e| state("pass on the lock", &e))?;
        self.folder.tidy();
        self.folder.forget_end();
        self.ended.send_replace(None);
        self.yielding = false;
        self.kept.send_replace(self.spec.begin(&self.folder.log()));
        self.write()?;
        Ok(lock)
    }

    fn write(&self) -> Result<(), StartFailure> {
        self.folder.write(&self.kept.borrow()).map_err(|e| describe(&e))
    }

    fn note(&self, change: impl FnOnce(&mut super::Instance)) -> Result<(), StartFailure> {
        self.kept.send_modify(|kept| change(&mut kept.instance));
        self.write()
    }

    /// Starts the server and waits until it answers.
    async fn start(&mut self) -> Result<R::RunningServer, StartFailure> {
        let mut log =
            log::begin(&self.folder.log()).map_err(|e| state("open the server's log", &e))?;
        let mut pick = 1;
        loop {
            let (bridge, dashboard) = (&self.spec.bridge, self.spec.dashboard.as_ref());
            let ports = ports::choose(&self.spec.program(), bridge, dashboard)?;
            let mut server = self.spawn(ports.clone(), log)?;
            match self.until_ready(&mut server, &ports).await {
                Ok(addresses) => {
                    self.announce(addresses)?;
                    return Ok(server);
                }
                Err(StartFailure::Crashed { .. })
                    if ports.picked && pick < PICKS && ports.taken().is_some() =>
                {
                    pick += 1;
                }
                Err(crashed @ StartFailure::Crashed { .. }) => {
                    return Err(ports.taken().unwrap_or(crashed));
                }
                Err(failure) => return Err(failure),
            }
            log = log::again(&self.folder.log()).map_err(|e| state("open the server's log", &e))?;
        }
    }

    fn spawn(&self, ports: ChosenPorts, log: File) -> Result<R::RunningServer, StartFailure> {
        let order = ProcessConfig {
            program: self.spec.program(),
            folder: self.spec.project(),
            env: self.spec.env.clone(),
            ports,
            ready_file: self.folder.ready_file(),
            log,
        };
        let server = self.runtime.start(order).map_err(|why| StartFailure::Spawn {
            program: self.spec.program().display().to_string(),
            why,
        })?;
        self.note(|instance| instance.document.pid = Some(server.pid()))?;
        Ok(server)
    }

    async fn until_ready(
        &mut self,
        server: &mut R::RunningServer,
        ports: &ChosenPorts,
    ) -> Result<ReadyDocument, StartFailure> {
        let doubt = RefCell::new("nothing was heard of it".to_owned());
        let file = self.folder.ready_file();
        let answered = ready::answered(server.pid(), ports, &file, &doubt);
        let answered = tokio::time::timeout(self.spec.ready_timeout, answered);
        tokio::pin!(answered);
        let failure = tokio::select! {
            biased;
            ended = server.ended() => return Err(self.crashed(ended)),
            answer = &mut answered => match answer {
                Ok(addresses) => return Ok(addresses),
                Err(_) => self.not_ready(doubt.borrow().clone()),
            },
            () = told_to_end(&mut self.events, &mut self.tied, &mut self.yielding, true) => StartFailure::Stopped,
        };
        self.end(server).await;
        Err(failure)
    }

    fn announce(&mut self, addresses: ReadyDocument) -> Result<(), StartFailure> {
        self.note(|instance| {
            instance.state = RuntimeState::Ready;
            instance.document.bridge = Some(BridgeAddress { address: addresses.bridge });
            instance.document.dashboard = addresses.dashboard.map(|url| DashboardAddress { url });
        })?;
        let document = self.kept.borrow().instance.document.clone();
        self.reporter.say(StartReport::Ready(Box::new(document)));
        Ok(())
    }

    /// Watches over a server that is ready until it has ended.
    async fn watch(&mut self, server: &mut R::RunningServer) -> Ended {
        let crashed = tokio::select! {
            biased;
            ended = server.ended() => Some(ended),
            () = told_to_end(&mut self.events, &mut self.tied, &mut self.yielding, false) => None,
        };
        match crashed {
            Some(ended) => ended,
            None => self.end(server).await,
        }
    }

    /// Ends the server: gracefully, and when its grace is over or somebody is impatient, surely.
    async fn end(&mut self, server: &mut R::RunningServer) -> Ended {
        // What cannot be written is only what others see of it.
        let _ = self.note(|instance| instance.state = RuntimeState::Stopping);
        server.ask();
        let impatient = async {
            while let Some(event) = self.events.recv().await {
                if matches!(event, SupervisorEvent::Stop { now: true }) {
                    return;
                }
            }
        };
        let in_time = tokio::select! {
            ended = server.ended() => Some(ended),
            () = impatient => None,
            () = tokio::time::sleep(self.spec.grace) => None,
        };
        match in_time {
            Some(ended) => Ended { asked: true, ..ended },
            None => {
                server.kill();
                Ended { asked: true, killed: true, ..server.ended().await }
            }
        }
    }

    /// Leaves a trace of an end that nobody may have seen.
    fn tell_end(&self, ended: Ended) {
        if !ended.asked {
            let instance = self.kept.borrow().instance.clone();
            // What cannot be written is only what others see of it.
            let _ = end::keep(&self.folder, &instance.document, &instance.project, ended);
        }
    }

    fn crashed(&self, ended: Ended) -> StartFailure {
        let log = self.folder.log();
        StartFailure::Crashed {
            program: self.spec.binary.clone(),
            ended,
            tail: log::tail(&log, TAIL).unwrap_or_default(),
            log: log.display().to_string(),
        }
    }

    fn not_ready(&self, why: String) -> StartFailure {
        let log = self.folder.log();
        StartFailure::NotReady {
            program: self.spec.binary.clone(),
            seconds: self.spec.ready_timeout.as_secs(),
            why,
            tail: log::tail(&log, TAIL).unwrap_or_default(),
            log: log.display().to_string(),
        }
    }

    /// Waits for the word of who had us yield. If it goes away without one, the server is started again unless
    /// somebody else has the instance.
    async fn told_to_resume(&mut self) -> bool {
        while let Some(event) = self.events.recv().await {
            match event {
                SupervisorEvent::Resume(reply) => {
                    self.reporter = Reporter::Reply(Some(reply));
                    return true;
                }
                SupervisorEvent::Quit { said: true } | SupervisorEvent::Stop { .. } => {
                    return false;
                }
                SupervisorEvent::Quit { said: false } => {
                    self.reporter = Reporter::Reply(None);
                    return matches!(self.folder.alive(), Ok(false));
                }
                SupervisorEvent::Yield | SupervisorEvent::Released { .. } => {}
            }
        }
        false
    }
}

fn state(act: &str, error: &io::Error) -> StartFailure {
    StartFailure::State { act: format!("could not {act}"), why: error.to_string() }
}

fn describe(error: &LaunchError) -> StartFailure {
    let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    StartFailure::State { act: error.to_string(), why }
}
