//! Faults that the test server can inject.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

/// The time limit of a wait at a gate, after which the test fails.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A fault in the response to a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Sends this many bytes of the body, then waits until the gate is opened, then sends the rest.
    Hold(usize, Gate),
    /// Sends this many bytes of the body, then closes the connection.
    Cut(usize),
    /// Sends this many bytes of the body whatever range is requested, then closes the connection.
    CutWhole(usize),
    /// Answers a range request with the whole file (200).
    IgnoreRange,
    /// Answers a range request with a 206 that starts this many bytes later than requested.
    WrongOffset(u64),
    /// Answers with this status, these headers and a short text.
    Status(u16, Vec<(String, String)>),
    /// Sends an HTML page that says "please log in", with status 200.
    Html,
    /// Sends this `Content-Encoding` with the unencoded body.
    Encoding(String),
    /// Sends this many bytes at a time with this pause between them.
    Drip(usize, Duration),
    /// Redirects (302) to this URL.
    Redirect(String),
    /// Closes the connection without an answer.
    Hangup,
    /// Reads the request, sends nothing until the gate is opened, then closes the connection.
    Silent(Gate),
    /// Sends this many bytes of the body, or without a number not even a status, and waits until the client closes the
    /// connection. The gate is reached when it has closed.
    Abandoned(Option<usize>, Gate),
    /// Sends a different strong ETag with every response.
    ChangingEtag,
    /// Sends neither `ETag` nor `Last-Modified`.
    NoValidator,
    /// Flips one bit of the body, at this offset of the file.
    Flip(u64),
}

/// A synchronization point: the test waits until the server reaches it, then lets the server continue.
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

    /// Waits until a request has reached the gate.
    #[track_caller]
    pub fn reached(&self) {
        self.reached_by(1);
    }

    /// Waits until this many requests have reached the gate.
    #[track_caller]
    pub fn reached_by(&self, count: usize) {
        let (state, changed) = &*self.0;
        let waiting = |state: &mut State| state.arrived < count;
        let (state, timeout) =
            changed.wait_timeout_while(state.lock().unwrap(), TIME_LIMIT, waiting).unwrap();
        drop(state);
        assert!(!timeout.timed_out(), "no request has reached the gate");
    }

    /// Opens the gate for all waiting and later requests.
    pub fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }

    /// Records that a request has reached the gate, without waiting.
    pub(super) fn mark(&self) {
        self.0.0.lock().unwrap().arrived += 1;
        self.0.1.notify_all();
    }

    /// Records that a request has reached the gate, and waits until the gate is open.
    pub(super) fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.arrived += 1;
        changed.notify_all();
        drop(changed.wait_while(state, |state| !state.open).unwrap());
    }
}
