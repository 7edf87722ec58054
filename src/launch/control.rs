//! What a supervisor is told and asked, and by whom.

use std::{io, path::Path, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Failure,
    channel::{Caller, Conversation, Listener},
    document::{Document, Kept},
    error::Ended,
};

/// What a caller says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Request {
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
pub(super) enum Answer {
    Is(Box<Kept>),
    Ended(Option<Ended>),
    Report(Report),
}

/// What a supervisor reports to who started it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Report {
    /// The server answers.
    Ready(Box<Document>),
    /// It did not come up.
    Failed(Failure),
    /// It has ended after it was ready.
    Ended(Ended),
}

/// What a supervisor is to do next.
#[derive(Debug)]
pub(super) enum Event {
    /// End the server; asked again by a signal: at once.
    Stop { now: bool },
    /// End the server and wait for [`Event::Resume`] or [`Event::Quit`].
    Yield,
    /// Start it again.
    Resume(oneshot::Sender<Report>),
    /// The caller who had us yield is gone: without a word if not `said`.
    Quit { said: bool },
    /// Who started us is content, or gone.
    Released { kept: bool },
}

/// What callers see of the supervisor.
#[derive(Clone)]
pub(super) struct View {
    pub(super) events: mpsc::UnboundedSender<Event>,
    pub(super) kept: watch::Receiver<Kept>,
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
        Some(Request::Status) => {
            let kept = view.kept.borrow().clone();
            with.say(&Answer::Is(Box::new(kept))).await;
        }
        Some(Request::Stop) => {
            let _ = view.events.send(Event::Stop { now: false });
            let ended = ended(&mut view).await;
            with.say(&Answer::Ended(ended)).await;
        }
        Some(Request::Yield) => {
            let _ = view.events.send(Event::Yield);
            let ended = ended(&mut view).await;
            with.say(&Answer::Ended(ended)).await;
            after_yield(with, &view).await;
        }
        _ => {}
    }
}

async fn after_yield(mut with: Conversation, view: &View) {
    let request = next(&mut with).await;
    let (reply, report) = oneshot::channel();
    let event = match request {
        Some(Request::Resume) => Event::Resume(reply),
        other => Event::Quit { said: matches!(other, Some(Request::Quit)) },
    };
    let _ = view.events.send(event);
    if let Ok(report) = report.await {
        with.say(&Answer::Report(report)).await;
    }
}

async fn next(with: &mut Conversation) -> Option<Request> {
    serde_json::from_str(&with.line().await?).ok()
}

async fn ended(view: &mut View) -> Option<Ended> {
    view.ended.wait_for(Option::is_some).await.ok().and_then(|ended| *ended).flatten()
}

/// A supervisor, seen from another process; blocking.
pub(super) struct Supervisor(Caller);

impl Supervisor {
    /// Reaches the one whose instance lies in `folder`.
    pub(super) fn reach(folder: &Path) -> io::Result<Self> {
        Caller::connect(folder).map(Self)
    }

    /// What it watches.
    pub(super) fn status(mut self) -> io::Result<Kept> {
        self.0.say(&Request::Status)?;
        // An idle loop answers at once; who does not is stopped or stuck.
        match self.0.answer(Duration::from_secs(5))? {
            Answer::Is(kept) => Ok(*kept),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Has it end its server, which takes as long as the server's grace.
    pub(super) fn stop(mut self, patience: Duration) -> io::Result<Option<Ended>> {
        self.0.say(&Request::Stop)?;
        self.ended(patience)
    }

    /// Has it end its server and wait for [`Self::resume`]; dropping it lets the supervisor decide.
    pub(super) fn yields(&mut self, patience: Duration) -> io::Result<Option<Ended>> {
        self.0.say(&Request::Yield)?;
        self.ended(patience)
    }

    fn ended(&mut self, patience: Duration) -> io::Result<Option<Ended>> {
        match self.0.answer(patience)? {
            Answer::Ended(ended) => Ok(ended),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Has it start its server again.
    pub(super) fn resume(mut self, patience: Duration) -> io::Result<Report> {
        self.0.say(&Request::Resume)?;
        match self.0.answer(patience)? {
            Answer::Report(report) => Ok(report),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Lets it go for good.
    pub(super) fn quit(mut self) -> io::Result<()> {
        self.0.say(&Request::Quit)
    }
}
