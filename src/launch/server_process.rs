//! The process of a server.

use std::{fs::File, io, path::PathBuf, process::Stdio};

use loom_environment::{Switch, names};

use super::{ports::ChosenPorts, server_exit::ServerExit, system};

/// What a server is started with.
pub(super) struct ProcessConfig {
    pub(super) program: PathBuf,
    /// The working directory.
    pub(super) folder: PathBuf,
    /// Variables added to the inherited environment.
    pub(super) env: Vec<(String, String)>,
    /// Variables that the server does not get, also where they are inherited.
    pub(super) without: &'static [&'static str],
    pub(super) ports: ChosenPorts,
    pub(super) ready_file: PathBuf,
    /// The variable that names inherited sockets, where there are any.
    pub(super) listeners: Option<(&'static str, String)>,
    /// Where standard output and standard error go.
    pub(super) log: File,
}

/// A server that was started and whose end was not observed yet.
pub(super) struct ServerProcess {
    child: tokio::process::Child,
    pid: u32,
    watch: system::EndWatch,
    /// Whether the end was observed: the process id may be that of another process since.
    is_reaped: bool,
}

/// A server that is no longer observed must not run on.
impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

impl ServerProcess {
    /// Starts a server in a process group of its own.
    pub(super) fn start(config: ProcessConfig) -> io::Result<Self> {
        let mut command = std::process::Command::new(&config.program);
        let errors = config.log.try_clone()?;
        command
            .current_dir(&config.folder)
            .envs(config.env.iter().map(|(name, value)| (name, value)))
            .envs(addresses(&config.ports))
            .env(names::READY_FILE, &config.ready_file)
            .stdin(Stdio::null())
            .stdout(config.log)
            .stderr(errors);
        // A server of another runtime may have started this one.
        command.env_remove(names::LISTEN_FDS);
        for name in config.without {
            command.env_remove(name);
        }
        command.envs(config.listeners);
        system::own_group(&mut command);
        let child = tokio::process::Command::from(command).spawn()?;
        let pid = child.id().ok_or_else(|| io::Error::other("it exited at once"))?;
        Ok(Self { child, pid, watch: system::EndWatch::on(pid), is_reaped: false })
    }

    /// Its process id.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until the process has ended. May be dropped and called again.
    pub(super) async fn ended(&mut self) -> ServerExit {
        self.watch.ended().await;
        // The rest of its process group ends with it. The id cannot have been reused: the process is not reaped yet.
        if !self.is_reaped {
            system::kill_group(self.pid);
        }
        let status = self.child.wait().await.ok();
        self.is_reaped = true;
        ServerExit {
            code: status.and_then(|status| status.code()),
            signal: status.and_then(system::signal_of),
            requested: false,
            killed: false,
        }
    }

    /// Asks the process to end (SIGTERM); where there is no such signal, kills it.
    pub(super) fn terminate(&mut self) {
        if cfg!(unix) { system::terminate(self.pid) } else { self.kill() }
    }

    /// Kills the process and its process group.
    pub(super) fn kill(&mut self) {
        if self.is_reaped {
            return;
        }
        system::kill_group(self.pid);
        // An error means that it has ended.
        let _ = self.child.start_kill();
    }
}

/// The variables with the addresses on which a server listens.
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
