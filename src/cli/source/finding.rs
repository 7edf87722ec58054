//! What came of asking a source.

use std::time::{Duration, SystemTime};

use loom_http::Exchange;
use loom_source::{DigestSource, ErrorClass, EvidenceKind, Slot, SourceError, SourceErrorKind};

use crate::cli::{CommandError, Exit, report::source_error};
use loom_runtime::acquire::AcquireError;

/// One source, and what came of asking it.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) address: String,
    pub(crate) state: ProbeState,
    pub(crate) took: Duration,
    /// The requests it made, as far as it makes them through the common client.
    pub(crate) exchanges: Vec<Exchange>,
    /// Until when it is asked last, because it brought wrong bytes.
    pub(crate) held: Option<Duration>,
}

/// What a source said.
#[derive(Debug)]
pub(crate) enum ProbeState {
    /// It carries something for this platform.
    Offers(OfferSummary),
    /// It answered, and has nothing for this platform.
    Nothing,
    /// It answered, and cannot say what it has.
    Silent(String),
    /// It was not asked: there is nothing to ask, and that is as it should be.
    Aside(&'static str),
    /// It was not asked: it is beyond this machine, and loom is offline.
    Offline,
    /// It did not answer.
    Failed(CommandError),
}

/// What a source offers.
#[derive(Debug, Clone)]
pub(crate) struct OfferSummary {
    /// The newest, or the one that was asked for.
    pub(crate) slot: Slot,
    /// How it can travel, the source's best first.
    pub(crate) forms: Vec<String>,
    /// The size of the first form, in bytes, where it is known.
    pub(crate) size: Option<u64>,
    /// Who names digests.
    pub(crate) witnesses: Vec<DigestSource>,
    /// The kinds of evidence.
    pub(crate) evidence: Vec<EvidenceKind>,
}

/// What may keep an address from answering.
const NOBODY: &str =
    "is the address right, and does a firewall let it through? behind a proxy, set HTTPS_PROXY";

impl ProbeState {
    /// A source could not answer.
    pub(crate) fn failed(error: &SourceError) -> Self {
        let exit = match error.kind.class() {
            ErrorClass::Credentials => Exit::Credentials,
            ErrorClass::Offline => Exit::Offline,
            ErrorClass::Unreachable => Exit::Unreachable,
        };
        let hint = source_error::hint(error).or_else(|| match error.kind {
            SourceErrorKind::Connect { .. } | SourceErrorKind::Stalled { .. } => {
                Some(NOBODY.to_owned())
            }
            _ => None,
        });
        Self::Failed(CommandError::of(exit, error).maybe_hint(hint))
    }

    /// The word for it, for programs.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Offers(_) => "offers",
            Self::Nothing => "nothing",
            Self::Silent(_) => "silent",
            Self::Aside(_) => "aside",
            Self::Offline => "offline",
            Self::Failed(_) => "failed",
        }
    }

    fn code(&self) -> Option<u8> {
        match self {
            Self::Failed(failure) => Some(failure.code),
            Self::Offline => Some(Exit::Offline.code()),
            _ => None,
        }
    }
}

/// The first that applies of: credentials, offline, unreachable, everything else that failed; «absent» where all
/// answered and none has anything. One that cannot say what it has may have it.
pub(crate) fn exit(findings: &[Finding]) -> u8 {
    const ORDER: [Exit; 3] = [Exit::Credentials, Exit::Offline, Exit::Unreachable];
    let codes: Vec<u8> = findings.iter().filter_map(|finding| finding.state.code()).collect();
    let first = ORDER.iter().map(|exit| exit.code()).find(|code| codes.contains(code));
    if let Some(code) = first.or(codes.first().copied()) {
        return code;
    }
    let maybe = |f: &Finding| matches!(f.state, ProbeState::Offers(_) | ProbeState::Silent(_));
    if findings.iter().any(maybe) { 0 } else { Exit::Absent.code() }
}

impl Finding {
    /// Whether credentials went along: `None` where no request was made that could carry any.
    pub(crate) fn login(&self) -> Option<&'static str> {
        let refused = |e: &Exchange| matches!(e.status, Some(401 | 403 | 407));
        match () {
            () if self.exchanges.iter().all(|e| e.status.is_none()) => None,
            () if matches!(&self.state, ProbeState::Failed(f) if f.code == Exit::Credentials.code()) => {
                Some("refused")
            }
            () if self.exchanges.iter().any(|e| e.authorized && !refused(e)) => Some("accepted"),
            () => Some("none"),
        }
    }

    /// Who was asked, each once: the origin, whether only a redirect led there, and the proxy in between.
    pub(crate) fn hosts(&self) -> Vec<(&str, bool, Option<&str>)> {
        let mut hosts: Vec<(&str, bool, Option<&str>)> = Vec::new();
        for exchange in &self.exchanges {
            match hosts.iter_mut().find(|(origin, ..)| *origin == exchange.origin) {
                Some((_, redirected, _)) => *redirected &= exchange.redirected,
                None => {
                    hosts.push((&exchange.origin, exchange.redirected, exchange.via.as_deref()));
                }
            }
        }
        hosts
    }

    /// The longest of each: name, connection, answer.
    pub(crate) fn times(&self) -> [Option<Duration>; 3] {
        let longest =
            |of: fn(&Exchange) -> Option<Duration>| self.exchanges.iter().filter_map(of).max();
        [longest(|e| e.dns), longest(|e| e.connect), longest(|e| e.answer)]
    }

    /// How far our clock is from a server's: who, by how much, and whether ours is ahead. A server's own time only,
    /// not what a proxy remembers.
    pub(crate) fn clock(&self) -> Option<(&str, Duration, bool)> {
        let off = |(ours, theirs): (SystemTime, SystemTime)| match ours.duration_since(theirs) {
            Ok(ahead) => (ahead, true),
            Err(behind) => (behind.duration(), false),
        };
        let all = self.exchanges.iter().filter_map(|e| Some((e.origin.as_str(), off(e.clocks?))));
        let (origin, (by, ahead)) = all.min_by_key(|(_, (by, _))| *by)?;
        Some((origin, by, ahead))
    }
}

impl From<AcquireError> for ProbeState {
    fn from(error: AcquireError) -> Self {
        Self::Failed(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(state: ProbeState) -> Finding {
        let (name, address) = ("x".to_owned(), "x".to_owned());
        let (took, exchanges) = (Duration::ZERO, Vec::new());
        Finding { name, kind: "mirror", address, state, took, exchanges, held: None }
    }

    fn failed(exit: Exit) -> ProbeState {
        ProbeState::Failed(CommandError::new(exit, "x"))
    }

    #[test]
    fn the_exit_code_is_the_first_that_applies() {
        let offers = || {
            let slot = Slot::Dev;
            let (forms, witnesses, evidence) = Default::default();
            ProbeState::Offers(OfferSummary { slot, forms, size: None, witnesses, evidence })
        };
        for (states, code) in [
            (vec![], 3),
            (vec![offers()], 0),
            (vec![ProbeState::Nothing], 3),
            (vec![ProbeState::Nothing, ProbeState::Silent("x".into())], 0),
            (vec![ProbeState::Aside("x"), offers(), ProbeState::Nothing], 0),
            (vec![ProbeState::Aside("x")], 3),
            (vec![offers(), failed(Exit::Unreachable)], 5),
            (vec![failed(Exit::Unreachable), failed(Exit::Credentials)], 4),
            (vec![failed(Exit::Unreachable), ProbeState::Offline], 7),
            (vec![failed(Exit::Usage), offers()], 2),
            (vec![failed(Exit::Usage), failed(Exit::Unreachable)], 5),
        ] {
            let findings: Vec<Finding> = states.into_iter().map(finding).collect();
            assert_eq!(exit(&findings), code, "{findings:?}");
        }
    }
}
