//! How a runtime is started, whatever it runs on. Here: a process of this machine.

use std::{fs::File, future::Future, path::PathBuf, process::Stdio};

use loom_environment::{Switch, names};

use super::{error::Ended, ports::ChosenPorts, system};

/// What a runtime is started with.
pub(super) struct ProcessConfig {
    pub(super) program: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) env: Vec<(String, String)>,
    pub(super) ports: ChosenPorts,
    pub(super) ready_file: PathBuf,
    pub(super) log: File,
}

/// Something that runs a server: a process of this machine; later a remote machine or a cluster.
pub(super) trait ServerHost {
    type RunningServer: Running;
    /// Starts one; an error names what the system said.
    fn start(&self, order: ProcessConfig) -> Result<Self::RunningServer, String>;
}

/// A server that was started and not yet seen to have ended.
pub(super) trait Running {
    /// Its process.
    fn pid(&self) -> u32;
    /// Waits for its end. May be dropped and called again.
    fn ended(&mut self) -> impl Future<Output = Ended>;
    /// Asks it to end in its own time.
    fn ask(&mut self);
    /// Ends it, and all that it started in its process group.
    fn kill(&mut self);
}

/// Runs servers as processes of this machine.
pub(super) struct Local;

/// A process of this machine.
pub(super) struct ServerProcess {
    child: tokio::process::Child,
    pid: u32,
    watch: system::EndWatch,
}

impl ServerHost for Local {
    type RunningServer = ServerProcess;

    fn start(&self, order: ProcessConfig) -> Result<ServerProcess, String> {
        let mut command = std::process::Command::new(&order.program);
        let errors = order.log.try_clone().map_err(|e| e.to_string())?;
        command
            .current_dir(&order.folder)
            .envs(order.env.iter().map(|(name, value)| (name, value)))
            .envs(addresses(&order.ports))
            .env(names::READY_FILE, &order.ready_file)
            .stdin(Stdio::null())
            .stdout(order.log)
            .stderr(errors);
        system::own_group(&mut command);
        let child = tokio::process::Command::from(command).spawn().map_err(|e| e.to_string())?;
        let pid = child.id().ok_or("it ended at once")?;
        Ok(ServerProcess { child, pid, watch: system::EndWatch::on(pid) })
    }
}

/// The variables that tell a server where to listen.
fn addresses(ports: &ChosenPorts) -> Vec<(&'static str, String)> {
    let mut env = vec![
        (names::BRIDGE_ADDR, ports.bridge.to_string()),
        (names::DASHBOARD, Switch(ports.dashboard.is_some()).to_string()),
    ];
    if let Some(dashboard) = &ports.dashboard {
        env.push((names::DASHBOARD_HOST, dashboard.host.clone()));
        env.push((names::DASHBOARD_PORT, dashboard.port.to_string()));
    }
    env
}

impl Running for ServerProcess {
    fn pid(&self) -> u32 {
        self.pid
    }

    async fn ended(&mut self) -> Ended {
        self.watch.ended().await;
        // What it left in its group ends with it; the number is still ours, as it was not reaped.
        system::kill_group(self.pid);
        let status = self.child.wait().await.ok();
        Ended {
            code: status.and_then(|s| s.code()),
            signal: status.and_then(system::signal_of),
            asked: false,
            killed: false,
        }
    }

    fn ask(&mut self) {
        match cfg!(unix) {
            true => system::ask_to_end(self.pid),
            false => self.kill(),
        }
    }

    fn kill(&mut self) {
        system::kill_group(self.pid);
        let _ = self.child.start_kill();
    }
}
