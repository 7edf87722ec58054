//! What a supervisor is told and asked, and by whom.

use std::{io, path::Path, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    StartFailure,
    channel::{Caller, Conversation, Listener},
    document::{InstanceRecord, RuntimeDocument},
    error::Ended,
};

/// What a caller says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ControlRequest {
    /// Answered by [`Answer::Is`].
    Status,
    /// Ends the server, then answers [`Answer::Ended`].
    Stop,
    /// Ends the server and gives up the instance, but keeps the lease and what is needed to start it again;
    /// answered by [`Answer::Ended`]. Then comes [`Request::Resume`], or [`Request::Quit`].
    Yield,
    /// Starts the server again; answered by [`Answer::Report`].
    Resume,
    /// It will not be needed again.
    Quit,
}

/// What a supervisor answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ControlReply {
    Is(Box<InstanceRecord>),
    Ended(Option<Ended>),
    Report(StartReport),
}

/// What a supervisor reports to who started it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum StartReport {
    /// The server answers.
    Ready(Box<RuntimeDocument>),
    /// It did not come up.
    Failed(StartFailure),
    /// It has ended after it was ready.
    Ended(Ended),
}

/// What a supervisor is to do next.
#[derive(Debug)]
pub(super) enum SupervisorEvent {
    /// End the server; asked again by a signal: at once.
    Stop { now: bool },
    /// End the server and wait for [`Event::Resume`] or [`Event::Quit`].
    Yield,
    /// Start it again.
    Resume(oneshot::Sender<StartReport>),
    /// The caller who had us yield is gone: without a word if not `said`.
    Quit { said: bool },
    /// Who started us is content, or gone.
    Released { kept: bool },
}

/// What callers see of the supervisor.
#[derive(Clone)]
pub(super) struct View {
    pub(super) events: mpsc::UnboundedSender<SupervisorEvent>,
    pub(super) kept: watch::Receiver<InstanceRecord>,
    /// `Some` once the server has ended and the instance's files are tidied.
    pub(super) ended: watch::Receiver<Option<Option<Ended>>>,
}

/// Answers callers until it is dropped; conversations that have begun go on.
pub(super) async fn serve(listener: Arc<Listener>, view: View) {
    loop {
        let Ok((stream, token)) = listener.accept().await else {
            // Out of descriptors, say: it may pass.
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

async fn converse(mut with: Conversation, mut view: View) {
    match next(&mut with).await {
        Some(ControlRequest::Status) => {
            let kept = view.kept.borrow().clone();
            with.say(&ControlReply::Is(Box::new(kept))).await;
        }
        Some(ControlRequest::Stop) => {
            let _ = view.events.send(SupervisorEvent::Stop { now: false });
            let ended = ended(&mut view).await;
            with.say(&ControlReply::Ended(ended)).await;
        }
        Some(ControlRequest::Yield) => {
            let _ = view.events.send(SupervisorEvent::Yield);
            let ended = ended(&mut view).await;
            with.say(&ControlReply::Ended(ended)).await;
            after_yield(with, &view).await;
        }
        _ => {}
    }
}

async fn after_yield(mut with: Conversation, view: &View) {
    let request = next(&mut with).await;
    let (reply, report) = oneshot::channel();
    let event = match request {
        Some(ControlRequest::Resume) => SupervisorEvent::Resume(reply),
        other => SupervisorEvent::Quit { said: matches!(other, Some(ControlRequest::Quit)) },
    };
    let _ = view.events.send(event);
    if let Ok(report) = report.await {
        with.say(&ControlReply::Report(report)).await;
    }
}

async fn next(with: &mut Conversation) -> Option<ControlRequest> {
    serde_json::from_str(&with.line().await?).ok()
}

async fn ended(view: &mut View) -> Option<Ended> {
    view.ended.wait_for(Option::is_some).await.ok().and_then(|ended| *ended).flatten()
}

/// A supervisor, seen from another process; blocking.
pub(super) struct SupervisorHandle(Caller);

impl SupervisorHandle {
    /// Reaches the one whose instance lies in `folder`.
    pub(super) fn reach(folder: &Path) -> io::Result<Self> {
        Caller::connect(folder).map(Self)
    }

    /// What it watches.
    pub(super) fn status(mut self) -> io::Result<InstanceRecord> {
        self.0.say(&ControlRequest::Status)?;
        // An idle loop answers at once; who does not is stopped or stuck.
        match self.0.answer(Duration::from_secs(5))? {
            ControlReply::Is(kept) => Ok(*kept),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Has it end its server, which takes as long as the server's grace.
    pub(super) fn stop(mut self, patience: Duration) -> io::Result<Option<Ended>> {
        self.0.say(&ControlRequest::Stop)?;
        self.ended(patience)
    }

    /// Has it end its server and wait for [`Self::resume`]; dropping it lets the supervisor decide.
    pub(super) fn yields(&mut self, patience: Duration) -> io::Result<Option<Ended>> {
        self.0.say(&ControlRequest::Yield)?;
        self.ended(patience)
    }

    fn ended(&mut self, patience: Duration) -> io::Result<Option<Ended>> {
        match self.0.answer(patience)? {
            ControlReply::Ended(ended) => Ok(ended),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Has it start its server again.
    pub(super) fn resume(mut self, patience: Duration) -> io::Result<StartReport> {
        self.0.say(&ControlRequest::Resume)?;
        match self.0.answer(patience)? {
            ControlReply::Report(report) => Ok(report),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Lets it go for good.
    pub(super) fn quit(mut self) -> io::Result<()> {
        self.0.say(&ControlRequest::Quit)
    }
}
