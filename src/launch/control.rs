//! The control protocol of a supervisor: its requests and replies, the server side and the client side.

use std::{
    io::{self, BufRead},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    channel::{ControlClient, ControlListener, Conversation},
    document::{InstanceRecord, RuntimeDocument},
    server_exit::ServerExit,
    start_failure::StartFailure,
};
use crate::state::StateFile;

/// A request to a supervisor.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ControlRequest {
    /// Describe the instance. The reply is [`ControlReply::Is`].
    Status,
    /// Stop the server. The reply, [`ControlReply::Ended`], follows its end.
    Stop,
    /// Stop the server and release the instance, but keep the lease and what is needed to start it again. The reply
    /// is [`ControlReply::Ended`]; [`ControlRequest::Resume`] or [`ControlRequest::Quit`] follows.
    Yield,
    /// Start the server again. The reply is [`ControlReply::Report`].
    Resume,
    /// Exit: the server is not needed again.
    Quit,
}

/// The reply of a supervisor.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ControlReply {
    /// The instance as it is now.
    Is(Box<InstanceRecord>),
    /// How the server ended; `None` where it was not ready yet.
    Ended(Option<ServerExit>),
    /// How the new start went.
    Report(StartReport),
}

/// The report of a supervisor to the process that started it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum StartReport {
    /// The server is ready.
    Ready(Box<RuntimeDocument>),
    /// The server did not become ready.
    Failed(StartFailure),
    /// The server ended after it was ready.
    Ended(ServerExit),
}

impl StartReport {
    /// The next report of a supervisor; `None` where it has exited.
    pub(super) fn read(reports: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        reports.read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok()
    }
}

/// An event that a supervisor acts on.
#[derive(Debug)]
pub(super) enum SupervisorEvent {
    /// Stop the server; with `now`, kill it.
    Stop { now: bool },
    /// Stop the server and wait for [`SupervisorEvent::Resume`] or [`SupervisorEvent::Quit`].
    Yield,
    /// Start the server again.
    Resume(oneshot::Sender<StartReport>),
    /// The client that requested [`SupervisorEvent::Yield`] sent `Quit`, or is gone without it (`requested` is false).
    Quit { requested: bool },
    /// The starter has let the server stay, or is gone without that (`stay` is false).
    Released { stay: bool },
}

/// The part of a supervisor that answers clients.
#[derive(Clone)]
pub(super) struct SupervisorView {
    pub(super) events: mpsc::UnboundedSender<SupervisorEvent>,
    pub(super) record: watch::Receiver<InstanceRecord>,
    /// `Some` once the server has ended and the files of the instance are removed.
    pub(super) ended: watch::Receiver<Option<Option<ServerExit>>>,
}

/// Answers clients until the future is dropped; connections that were accepted go on.
pub(super) async fn serve(listener: Arc<ControlListener>, view: SupervisorView) {
    loop {
        let Ok((stream, token)) = listener.accept().await else {
            // A transient error, such as no free descriptors.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let view = view.clone();
        tokio::spawn(async move {
            if let Some(conversation) = Conversation::begin(stream, token).await {
                converse(conversation, view).await;
            }
        });
    }
}

async fn converse(mut client: Conversation, mut view: SupervisorView) {
    match next(&mut client).await {
        Some(ControlRequest::Status) => {
            let record = view.record.borrow().with_login_url();
            client.send(&ControlReply::Is(Box::new(record))).await;
        }
        Some(ControlRequest::Stop) => {
            let _ = view.events.send(SupervisorEvent::Stop { now: false });
            let ended = ended(&mut view).await;
            client.send(&ControlReply::Ended(ended)).await;
        }
        Some(ControlRequest::Yield) => {
            let _ = view.events.send(SupervisorEvent::Yield);
            let ended = ended(&mut view).await;
            client.send(&ControlReply::Ended(ended)).await;
            after_yield(client, &view).await;
        }
        _ => {}
    }
}

async fn after_yield(mut client: Conversation, view: &SupervisorView) {
    let request = next(&mut client).await;
    if !matches!(request, Some(ControlRequest::Resume)) {
        let requested = matches!(request, Some(ControlRequest::Quit));
        let _ = view.events.send(SupervisorEvent::Quit { requested });
        if requested {
            // The system closes the connection when the process ends, after the lease, which has a lower descriptor:
            // a client that sees the end of the connection finds the lease free.
            std::mem::forget(client);
        }
        return;
    }
    let (reply, report) = oneshot::channel();
    let _ = view.events.send(SupervisorEvent::Resume(reply));
    if let Ok(report) = report.await {
        client.send(&ControlReply::Report(report)).await;
    }
}

async fn next(client: &mut Conversation) -> Option<ControlRequest> {
    serde_json::from_str(&client.line().await?).ok()
}

async fn ended(view: &mut SupervisorView) -> Option<ServerExit> {
    view.ended.wait_for(Option::is_some).await.ok().and_then(|ended| *ended).flatten()
}

/// How long a supervisor may take to describe its instance. An idle one answers at once; one that does not is stopped
/// or stuck.
const STATUS_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a supervisor without a server may take to end.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection to the supervisor of another process; blocking.
pub(super) struct SupervisorHandle(ControlClient);

impl SupervisorHandle {
    /// Connects to the supervisor that listens at `control`.
    pub(super) fn connect(control: &StateFile) -> io::Result<Self> {
        ControlClient::connect(control).map(Self)
    }

    /// The record of the instance.
    pub(super) fn status(mut self) -> io::Result<InstanceRecord> {
        self.0.send(&ControlRequest::Status)?;
        match self.0.receive(STATUS_TIMEOUT)? {
            ControlReply::Is(record) => Ok(*record),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Stops the server, which takes up to its grace period.
    pub(super) fn stop(mut self, timeout: Duration) -> io::Result<Option<ServerExit>> {
        self.0.send(&ControlRequest::Stop)?;
        self.ended(timeout)
    }

    /// Stops the server and makes the supervisor wait for [`Self::resume`] or [`Self::quit`]. Where the handle is
    /// dropped without either, the supervisor starts the server again unless the instance has a new owner.
    pub(super) fn yields(&mut self, timeout: Duration) -> io::Result<Option<ServerExit>> {
        self.0.send(&ControlRequest::Yield)?;
        self.ended(timeout)
    }

    fn ended(&mut self, timeout: Duration) -> io::Result<Option<ServerExit>> {
        match self.0.receive(timeout)? {
            ControlReply::Ended(ended) => Ok(ended),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Starts the server again after [`Self::yields`].
    pub(super) fn resume(mut self, timeout: Duration) -> io::Result<StartReport> {
        self.0.send(&ControlRequest::Resume)?;
        match self.0.receive(timeout)? {
            ControlReply::Report(report) => Ok(report),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Ends the supervisor after [`Self::yields`], and waits until it has ended: its lease is free then.
    pub(super) fn quit(mut self) -> io::Result<()> {
        self.0.send(&ControlRequest::Quit)?;
        match self.0.receive::<ControlReply>(QUIT_TIMEOUT) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            Err(e) => Err(e),
            Ok(_) => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}
