//! The process that looks for a newer release, as the supervisor sees it.

use std::{io, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, Command},
};

use super::protocol::{CheckReport, CheckRequest, SWITCHED};
use crate::launch::UpdateWatch;

/// The longest answer in bytes.
const LIMIT: u64 = 1 << 20;
/// How long looking for a release and downloading it may take together.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// A process that has answered and waits. It is killed when this is dropped.
pub(super) struct CheckProcess {
    child: Child,
    input: ChildStdin,
}

impl CheckProcess {
    /// Starts the process in the project's folder and waits for its answer.
    pub(super) async fn ask(
        watch: &UpdateWatch,
        project: &Path,
        request: &CheckRequest,
    ) -> io::Result<(CheckReport, Self)> {
        let Some((program, args)) = watch.command.split_first() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut child = Command::new(program)
            .args(args)
            .current_dir(project)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        input.write_all(&line).await?;
        input.flush().await?;
        let mut answer = String::new();
        let mut reader = BufReader::new(output).take(LIMIT);
        tokio::time::timeout(LONGEST, reader.read_line(&mut answer))
            .await
            .map_err(|_| io::ErrorKind::TimedOut)??;
        if answer.is_empty() {
            let status = child.wait().await?;
            return Err(io::Error::other(format!("it ended without an answer ({status})")));
        }
        Ok((serde_json::from_str(&answer)?, Self { child, input }))
    }

    /// Tells the process that the runtime was switched, and waits until it has ended.
    pub(super) async fn switched(mut self) {
        // What it does then is of use, and nothing depends on it.
        let line = format!("{SWITCHED}\n");
        let _ = self.input.write_all(line.as_bytes()).await;
        let _ = self.input.flush().await;
        self.end().await;
    }

    /// Lets the process end, and waits for it.
    pub(super) async fn end(self) {
        let Self { mut child, input } = self;
        drop(input);
        let _ = tokio::time::timeout(Duration::from_secs(60), child.wait()).await;
    }
}
