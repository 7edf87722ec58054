//! Starting a supervisor, which starts the server and reports when it is ready.

use std::{
    io::{self, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::{
    Launch, LaunchError, Started, control::StartReport, instance_folder::InstanceFolder,
    kept_ports::KeptPorts, start_request::StartRequest, system,
};

/// Starts `launch` in `folder`, whatever the folder holds, and waits until the server is ready.
pub(super) fn start(launch: &Launch, folder: &InstanceFolder) -> Result<Started, LaunchError> {
    start_on(launch, folder, KeptPorts::default())
}

/// The same with `kept` ports where any free port is requested.
pub(super) fn start_on(
    launch: &Launch,
    folder: &InstanceFolder,
    kept: KeptPorts,
) -> Result<Started, LaunchError> {
    let request = StartRequest::of(launch, &folder.id, kept)?.line()?;
    let (mut child, mut commands, mut reports) = supervisor(launch)?;
    // A supervisor that has exited is noticed by the end of its reports.
    let _ = commands.write_all(request.as_bytes()).and_then(|()| commands.flush());
    match StartReport::read(&mut reports) {
        Some(StartReport::Ready(document)) => Ok(Started::new(*document, child, commands, reports)),
        Some(StartReport::Failed(failure)) => {
            let _ = child.wait();
            Err(failure.into())
        }
        _ => {
            let _ = child.wait();
            Err(LaunchError::Silent)
        }
    }
}

fn supervisor(launch: &Launch) -> Result<(Child, ChildStdin, BufReader<ChildStdout>), LaunchError> {
    let program = &launch.launcher.program;
    let failed = |source: io::Error| LaunchError::Supervisor { program: program.clone(), source };
    if let Some(lease) = &launch.lease {
        system::inheritable(lease).map_err(failed)?;
    }
    // None of our own streams is inherited: a program that captures our output must not wait for the server's end.
    let mut child = Command::new(program)
        .args(&launch.launcher.args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let (Some(commands), Some(reports)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(LaunchError::Silent);
    };
    Ok((child, commands, BufReader::new(reports)))
}
