//! A hardened unit of systemd.

use loom_environment::names;

use super::{Deployment, RenderedFile, deployment::Runs};

/// What the unit may not do. `ProcSubset=pid` is left out: it hides the list of connections by which the runtime knows the
/// users who connect. Programs of MCP servers may compile at run time (`node` does), which needs memory that is
/// both writable and executable.
const HARDENING: &str = "\
DynamicUser=yes
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
KeyringMode=private
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
";

/// All files.
pub(super) fn files(deployment: &Deployment) -> Vec<RenderedFile> {
    vec![RenderedFile::new(format!("{}.service", deployment.name), unit(deployment))]
}

impl Deployment {
    /// The file with the secret variables, which the user of a unit creates.
    pub fn secrets_file(&self) -> String {
        format!("/etc/loom/{}.env", self.name)
    }
}

fn unit(deployment: &Deployment) -> String {
    let Deployment { name, .. } = deployment;
    let program = match &deployment.runs {
        Runs::Program(program) => program.as_str(),
        Runs::Image(_) => "",
    };
    let secrets = deployment.secrets.iter().map(|secret| secret.name.as_str());
    let secrets = secrets.collect::<Vec<_>>().join(", ");
    let file = deployment.secrets_file();
    let mut unit = format!(
        "\
# Rendered by `loom deploy render`: change loom.toml and render again.
# {file} has the secrets, and belongs to root alone: {secrets}
[Unit]
Description=Loom runtime of {name}
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart={program}
EnvironmentFile={file}
"
    );
    for (name, value) in variables(deployment) {
        unit.push_str(&assignment(&name, &value));
    }
    unit.push_str(&credentials(deployment));
    unit.push_str(
        "Restart=always
RestartSec=1
TimeoutStopSec=30
KillMode=mixed
OOMPolicy=stop
TasksMax=4096
",
    );
    unit.push_str(&format!("StateDirectory={name}\nStateDirectoryMode=0700\n"));
    unit.push_str(&format!("WorkingDirectory=%S/{name}\n"));
    if deployment.has_mcp {
        unit.push_str(&format!("Environment=HOME=%S/{name}\n"));
    }
    unit.push_str(HARDENING);
    // Other users are seen in a user namespace of one's own as nobody.
    if deployment.allow_users.is_none() {
        unit.push_str("PrivateUsers=yes\n");
    }
    if !deployment.has_mcp {
        unit.push_str("MemoryDenyWriteExecute=yes\n");
    }
    unit.push_str("\n[Install]\nWantedBy=multi-user.target\n");
    unit
}

/// The variables of the runtime, which listens where the project says.
fn variables(deployment: &Deployment) -> Vec<(String, String)> {
    let mut variables = deployment.variables(None);
    if let Some(users) = &deployment.allow_users {
        variables.insert(names::ALLOW_USERS.to_owned(), users.clone());
    }
    // These name files of credentials, which `%d` stands for.
    variables.remove(names::BRIDGE_TLS_CERT);
    variables.remove(names::BRIDGE_TLS_KEY);
    variables.into_iter().collect()
}

/// Certificate and key, which the service's own user could not read.
fn credentials(deployment: &Deployment) -> String {
    if !deployment.tls {
        return String::new();
    }
    let credential = |(variable, file): (&str, &str)| {
        format!(
            "LoadCredential={file}:/etc/loom/{}.{file}\nEnvironment={variable}=%d/{file}\n",
            deployment.name
        )
    };
    let files = [(names::BRIDGE_TLS_CERT, "tls.crt"), (names::BRIDGE_TLS_KEY, "tls.key")];
    files.into_iter().map(credential).collect()
}

/// The line that sets a variable: systemd expands `%` and reads escapes in quotes.
fn assignment(name: &str, value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '%' => escaped.push_str("%%"),
            '"' | '\\' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            c => escaped.push(c),
        }
    }
    format!("Environment=\"{name}={escaped}\"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_as_systemd_reads_them() {
        let line = assignment("A", r#"{"a":"50% \n $x"}"#);
        assert_eq!(line, "Environment=\"A={\\\"a\\\":\\\"50%% \\\\n $x\\\"}\"\n");
    }
}
