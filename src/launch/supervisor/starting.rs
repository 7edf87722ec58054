//! Starting a supervisor's server, until it is ready.

use std::{fs::File, sync::Mutex, time::Duration};

use loom_base::{HostPort, LockExt as _};
use loom_environment::ReadyDocument;

use super::{
    Supervisor,
    state_failures::{io_failure, state_failure},
};
use crate::launch::{
    Instance, RuntimeState, ServerExit, SpawnObstacle, StartFailure,
    document::{BridgeAddress, DashboardAddress},
    events::end_requested,
    kept_ports::KeptPorts,
    kept_sockets::KeptSockets,
    log,
    ports::{self, ChosenPorts},
    ready,
    server_process::{ProcessConfig, ServerProcess},
    start_request::StartRequest,
};

/// How long a server may take to end that was not ready yet. It has served nothing, and the release before or a user may be
/// waiting.
const UNREADY_GRACE: Duration = Duration::from_millis(500);

/// How often ports are picked where other processes take them first.
const PICKS: usize = 5;

impl Supervisor {
    /// Starts the server and waits until it is ready.
    pub(super) async fn start(&mut self) -> Result<ServerProcess, StartFailure> {
        let mut log =
            log::rotate(&self.folder.log()).map_err(|e| io_failure("open the server's log", &e))?;
        let mut pick = 1;
        loop {
            let ports = self.choose_ports()?;
            let mut server = self.spawn(ports.clone(), log)?;
            match self.until_announced(&mut server, &ports).await {
                Ok(()) => return Ok(server),
                // The sockets that are kept make their ports taken.
                Err(crashed @ StartFailure::Crashed { .. }) if self.sockets.is_some() => {
                    return Err(crashed);
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
            log = log::reopen(&self.folder.log())
                .map_err(|e| io_failure("open the server's log", &e))?;
        }
    }

    /// The kept ports, or where another process has taken one of them, others. Where the server takes sockets, those that
    /// are open, or new ones.
    fn choose_ports(&mut self) -> Result<ChosenPorts, StartFailure> {
        let program = self.request.program();
        if !self.request.keeps_sockets() || !KeptSockets::are_taken_by(&program) {
            self.sockets = None;
            return self
                .on_free_ports(|bridge, dashboard| ports::choose(&program, bridge, dashboard));
        }
        let sockets = match self.sockets.take() {
            Some(sockets) => sockets,
            None => self.on_free_ports(KeptSockets::bind)?,
        };
        Ok(self.sockets.insert(sockets).ports())
    }

    fn on_free_ports<T>(
        &self,
        choose: impl Fn(&HostPort, Option<&HostPort>) -> Result<T, StartFailure>,
    ) -> Result<T, StartFailure> {
        let StartRequest { bridge, dashboard, kept, .. } = &self.request;
        let choose = |kept: &KeptPorts| {
            let dashboard = dashboard.as_ref().map(|requested| kept.dashboard(requested));
            choose(&kept.bridge(bridge), dashboard.as_ref())
        };
        choose(kept).or_else(|taken| match taken {
            StartFailure::PortTaken { .. } => choose(&KeptPorts::default()),
            other => Err(other),
        })
    }

    fn spawn(&self, ports: ChosenPorts, log: File) -> Result<ServerProcess, StartFailure> {
        // That of a server before would be taken for the report of this one.
        self.folder.ready_file().remove().map_err(state_failure)?;
        let config = ProcessConfig {
            program: self.request.program(),
            folder: self.request.project(),
            env: self.request.env.clone(),
            without: &[],
            ports,
            ready_file: self.folder.ready_file().path().to_owned(),
            listeners: None,
            log,
        };
        let program = self.request.program();
        let started = match &self.sockets {
            Some(sockets) => sockets.hand_over(|variable| {
                ServerProcess::start(ProcessConfig { listeners: Some(variable), ..config })
            }),
            None => ServerProcess::start(config),
        };
        started.map_err(|error| StartFailure::Spawn {
            obstacle: SpawnObstacle::of(&program, &error),
            program: program.display().to_string(),
            why: error.to_string(),
        })
    }

    /// Waits until the server is ready and its addresses are known. A server that is ready and cannot be announced ends.
    async fn until_announced(
        &mut self,
        server: &mut ServerProcess,
        ports: &ChosenPorts,
    ) -> Result<(), StartFailure> {
        let pid = server.pid();
        let mut announced = self.show(|instance| instance.document.pid = Some(pid));
        if announced.is_ok() {
            let addresses = self.until_ready(server, ports).await?;
            announced = self.announce(addresses);
        }
        if announced.is_err() {
            server.kill();
            server.ended().await;
        }
        announced
    }

    async fn until_ready(
        &mut self,
        server: &mut ServerProcess,
        ports: &ChosenPorts,
    ) -> Result<ReadyDocument, StartFailure> {
        let missing = Mutex::new("no health check was made".to_owned());
        let starting = !self.switching;
        let file = self.folder.ready_file();
        let ready = ready::wait_until_ready(server.pid(), ports, &file, &missing);
        let ready = tokio::time::timeout(self.request.ready_timeout, ready);
        tokio::pin!(ready);
        let Self { events, exit_with_starter, yielding, .. } = &mut *self;
        tokio::select! {
            biased;
            ended = server.ended() => return Err(self.crashed(ended)),
            result = &mut ready => match result {
                Ok(addresses) => return Ok(addresses),
                Err(_) => {
                    let failure = self.not_ready(missing.locked().clone());
                    end_unready(server).await;
                    return Err(failure);
                }
            },
            () = end_requested(events, exit_with_starter, yielding, starting) => {}
        }
        let state = if self.switching { RuntimeState::Switching } else { RuntimeState::Stopping };
        // If the record cannot be written, only the displayed state is wrong.
        let _ = self.update(|instance| instance.state = state);
        Err(self.stopped(end_unready(server).await))
    }

    /// Changes the record. During a switch, what is displayed matters less than a server that runs.
    fn show(&self, change: impl FnOnce(&mut Instance)) -> Result<(), StartFailure> {
        match self.update(change) {
            Err(_) if self.switching => Ok(()),
            result => result,
        }
    }

    /// Makes the addresses known at which the server is ready.
    fn announce(&mut self, addresses: ReadyDocument) -> Result<(), StartFailure> {
        // A second start of this server must be on the same ports.
        self.request.kept = KeptPorts::reported(&addresses);
        if !addresses.inherited {
            self.sockets = None;
        }
        self.record.send_modify(|record| record.login_key = addresses.login_key);
        self.show(|instance| {
            instance.state = RuntimeState::Ready;
            instance.document.bridge = Some(BridgeAddress { address: addresses.bridge });
            instance.document.dashboard =
                addresses.dashboard.map(|url| DashboardAddress { url, login_url: None });
        })
    }
}

/// Ends a server that was not ready yet.
async fn end_unready(server: &mut ServerProcess) -> ServerExit {
    server.terminate();
    match tokio::time::timeout(UNREADY_GRACE, server.ended()).await {
        Ok(ended) => ServerExit { requested: true, ..ended },
        Err(_) => {
            server.kill();
            ServerExit { requested: true, killed: true, ..server.ended().await }
        }
    }
}
