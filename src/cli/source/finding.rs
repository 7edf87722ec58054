//! The result of asking a source.

use std::time::{Duration, SystemTime};

use loom_http::Exchange;
use loom_source::{DigestSource, EvidenceKind, Slot, SourceError};

use crate::cli::{CommandError, Exit, report::source_error};

/// One source, and the result of asking it.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) address: String,
    pub(crate) state: ProbeState,
    pub(crate) took: Duration,
    /// The requests that were made through the common HTTP client.
    pub(crate) exchanges: Vec<Exchange>,
    /// For how long the source is asked last, because it delivered wrong bytes.
    pub(crate) quarantined_for: Option<Duration>,
}

/// The state of a source.
#[derive(Debug)]
pub(crate) enum ProbeState {
    /// The source has a release for this platform that `get` would fetch.
    Offers(OfferSummary),
    /// The source answered, and has no such release for this platform.
    Nothing,
    /// The source answered, and cannot list its versions.
    Unlistable(String),
    /// The source was not asked, because there is nothing to ask.
    Skipped(&'static str),
    /// The source was not asked, because that needs a network and loom is offline.
    Offline,
    /// The source did not answer, or `get` would refuse its answer.
    Failed(CommandError),
}

/// What a source offers.
#[derive(Debug, Clone)]
pub(crate) struct OfferSummary {
    /// The newest version that matches, or the requested one.
    pub(crate) slot: Slot,
    /// How it is packaged, in the source's order.
    pub(crate) packagings: Vec<String>,
    /// The size of the first package in bytes, where it is known.
    pub(crate) size: Option<u64>,
    /// Where its digests come from.
    pub(crate) digest_sources: Vec<DigestSource>,
    /// The kinds of evidence.
    pub(crate) evidence: Vec<EvidenceKind>,
}

impl ProbeState {
    /// The state of a source that failed.
    pub(crate) fn failed(error: &SourceError) -> Self {
        Self::Failed(source_error::unanswered(error))
    }

    /// The word for the state in JSON.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Offers(_) => "offers",
            Self::Nothing => "nothing",
            Self::Unlistable(_) => "silent",
            Self::Skipped(_) => "aside",
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

/// The exit code: the first that applies of credentials, offline, unreachable, and the code of any other failure; else
/// "absent" where no source has a release. A source that cannot list its versions has none for `get` either.
pub(crate) fn exit(findings: &[Finding]) -> u8 {
    let codes: Vec<u8> = findings.iter().filter_map(|finding| finding.state.code()).collect();
    if let Some(code) = source_error::code_of_all(&codes) {
        return code;
    }
    let offers = |finding: &Finding| matches!(finding.state, ProbeState::Offers(_));
    if findings.iter().any(offers) { 0 } else { Exit::Absent.code() }
}

impl Finding {
    /// Whether credentials were sent: `None` where no request was made that could carry any.
    pub(crate) fn login(&self) -> Option<&'static str> {
        let refused = |e: &Exchange| matches!(e.status, Some(401 | 403 | 407));
        if self.exchanges.iter().all(|e| e.status.is_none()) {
            None
        } else if self.state.code() == Some(Exit::Credentials.code()) {
            Some("refused")
        } else if self.exchanges.iter().any(|e| e.authorized && !refused(e)) {
            Some("accepted")
        } else {
            Some("none")
        }
    }

    /// The hosts that were asked, each once: the origin, whether only a redirect led there, and the proxy in between.
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

    /// The longest times for name, connection and answer.
    pub(crate) fn times(&self) -> [Option<Duration>; 3] {
        let longest =
            |of: fn(&Exchange) -> Option<Duration>| self.exchanges.iter().filter_map(of).max();
        [longest(|e| e.dns), longest(|e| e.connect), longest(|e| e.answer)]
    }

    /// The difference between this machine's clock and a server's: the server, the difference, and whether this clock is
    /// ahead. Only a server's own time counts, not that of a proxy's cache.
    pub(crate) fn clock(&self) -> Option<(&str, Duration, bool)> {
        let off = |(here, there): (SystemTime, SystemTime)| match here.duration_since(there) {
            Ok(ahead) => (ahead, true),
            Err(behind) => (behind.duration(), false),
        };
        let all = self.exchanges.iter().filter_map(|e| Some((e.origin.as_str(), off(e.clocks?))));
        let (origin, (by, ahead)) = all.min_by_key(|(_, (by, _))| *by)?;
        Some((origin, by, ahead))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(state: ProbeState) -> Finding {
        Finding {
            name: "x".to_owned(),
            kind: "mirror",
            address: "x".to_owned(),
            state,
            took: Duration::ZERO,
            exchanges: Vec::new(),
            quarantined_for: None,
        }
    }

    fn failed(exit: Exit) -> ProbeState {
        ProbeState::Failed(CommandError::new(exit, "x"))
    }

    #[test]
    fn the_exit_code_is_the_first_that_applies() {
        let offers = || {
            ProbeState::Offers(OfferSummary {
                slot: Slot::Dev,
                packagings: Vec::new(),
                size: None,
                digest_sources: Vec::new(),
                evidence: Vec::new(),
            })
        };
        for (states, code) in [
            (vec![], 3),
            (vec![offers()], 0),
            (vec![ProbeState::Nothing], 3),
            (vec![ProbeState::Nothing, ProbeState::Unlistable("x".into())], 3),
            (vec![offers(), ProbeState::Unlistable("x".into())], 0),
            (vec![ProbeState::Skipped("x"), offers(), ProbeState::Nothing], 0),
            (vec![ProbeState::Skipped("x")], 3),
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
