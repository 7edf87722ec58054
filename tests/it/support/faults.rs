//! What the test server can be told to do wrong, exactly.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

/// No test needs to wait this long for another process's next step.
const NEVER: Duration = Duration::from_secs(60);

/// One misbehaviour.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Sends this many bytes of the body, then waits until the gate is opened, then sends the rest.
    Hold(usize, Gate),
    /// Sends this many bytes of the body, then closes the connection.
    Cut(usize),
    /// Answers a range with everything (200).
    IgnoreRange,
    /// Answers a range with a 206 that starts this many bytes later than asked.
    WrongOffset(u64),
    /// Answers with this status, these headers and a short text.
    Status(u16, Vec<(String, String)>),
    /// A page that says "please log in", with status 200.
    Html,
    /// Claims this Content-Encoding.
    Encoding(String),
    /// Sends this many bytes at a time with this pause between them.
    Drip(usize, Duration),
    /// Redirects (302) to this URL.
    Redirect(String),
    /// Closes the connection without an answer.
    Hangup,
    /// Reads the request and says nothing until the gate is opened, then hangs up.
    Silent(Gate),
    /// Answers with so many bytes of the body, or not even with a status, and then waits until the client has
    /// gone away; the gate is reached when it has.
    Abandoned(Option<usize>, Gate),
    /// Another strong ETag for every request.
    ChangingEtag,
    /// No ETag and no Last-Modified.
    NoValidator,
    /// Flips one bit of the body, at this offset of the file.
    Flip(u64),
}

/// Lets a test wait until the server has come to a point, and lets it go on.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    arrived: usize,
    open: bool,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until the server stands at the gate.
    #[track_caller]
    pub fn reached(&self) {
        self.reached_by(1);
    }

    /// Waits until this many requests have come to the gate.
    #[track_caller]
    pub fn reached_by(&self, count: usize) {
        let (state, changed) = &*self.0;
        let waiting = |state: &mut State| state.arrived < count;
        let (state, timeout) =
            changed.wait_timeout_while(state.lock().unwrap(), NEVER, waiting).unwrap();
        drop(state);
        assert!(!timeout.timed_out(), "the server was never asked for what the test waits for");
    }

    /// Lets everybody through, from now on.
    pub fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }

    /// Notes that somebody came here, and goes on.
    pub(super) fn mark(&self) {
        self.0.0.lock().unwrap().arrived += 1;
        self.0.1.notify_all();
    }

    pub(super) fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.arrived += 1;
        changed.notify_all();
        drop(changed.wait_while(state, |state| !state.open).unwrap());
    }
}
