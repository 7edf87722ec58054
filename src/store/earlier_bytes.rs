//! What an interrupted transfer has left, and whether the answer of a source continues it.

use std::{fs, path::PathBuf};

use loom_source::{AssetRef, Digest, Download, RangeRequest};

use super::{
    Store, StoreError,
    error::{FileAction, absent, at},
    own_place::refuse_link_as_file,
    partial_header::{PartialHeader, read_header},
};

/// What a transfer is of.
#[derive(Debug, Clone, Copy)]
pub struct TransferSubject<'a> {
    /// What identifies the source, without secrets.
    pub source: &'a str,
    /// The asset at the source.
    pub asset: &'a AssetRef,
    /// The SHA-256 of all bytes, where it is known beforehand. Any source may then continue what another one began.
    pub archive: Option<Digest>,
    /// The number of all bytes, where it is known beforehand.
    pub size: Option<u64>,
}

/// How the source's answer continues the bytes that are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumeOutcome {
    /// The answer begins at the first byte; earlier bytes are discarded.
    Whole,
    /// The answer continues after this many bytes; [`Partial::replay`](super::Partial::replay) hands them on first.
    Resumed(u64),
    /// The answer does not continue the earlier bytes: ask again from the first byte.
    Mismatch,
}

/// The bytes of earlier transfers. They are only looked at: of several sources that are asked at the same time, the one
/// that delivers takes them.
#[derive(Debug)]
pub(super) struct EarlierBytes {
    /// The file of the bytes.
    pub(super) path: PathBuf,
    /// The number of bytes.
    pub(super) had: u64,
    /// The file beside them, as it was read.
    pub(super) old: Option<PartialHeader>,
    /// The same for the transfer that is to begin.
    pub(super) new: PartialHeader,
    size: Option<u64>,
}

impl EarlierBytes {
    /// Looks for the bytes of earlier transfers.
    pub(super) fn look(store: &Store, subject: &TransferSubject<'_>) -> Result<Self, StoreError> {
        let TransferSubject { source, asset, archive, size } = *subject;
        let new = PartialHeader::new(archive, source, asset);
        let path = store.root.join(format!("partial/{}", new.key()));
        store.refuse_links_to(&path)?;
        refuse_link_as_file(&path)?;
        let old = read_header(&path.with_extension("json"))?;
        let old = old.filter(|old| {
            old.archive == archive && (archive.is_some() || old.is_same_sender(&new))
        });
        let meta = absent(fs::metadata(&path)).map_err(at(FileAction::Read, &path))?;
        // Only bytes with a readable file beside them count.
        let had = meta.filter(|_| old.is_some()).map_or(0, |meta| meta.len());
        Ok(Self { path, had, old, new, size })
    }

    /// The range to ask for. Where the digest of all bytes is known, it decides, and the validator of one server would only
    /// keep another from continuing.
    pub(super) fn range(&self) -> RangeRequest {
        let Some(old) = self.old.as_ref().filter(|_| self.had > 0) else {
            return RangeRequest::whole();
        };
        let validator = old.validator.clone().filter(|_| old.archive.is_none());
        RangeRequest { from: self.had, validator }
    }

    /// Forgets the bytes that are here: the transfer begins at the first byte.
    pub(super) fn forget(&mut self) {
        (self.had, self.old) = (0, None);
    }

    /// Compares the source's answer with the bytes that are here, and notes what the answer says of all bytes.
    pub(super) fn compare(&mut self, download: &Download) -> ResumeOutcome {
        let outcome = match download.start {
            0 => ResumeOutcome::Whole,
            start if self.is_continued_by(download) => ResumeOutcome::Resumed(start),
            _ => ResumeOutcome::Mismatch,
        };
        self.new.validator = download.validator.clone();
        self.new.total = download.total;
        match outcome {
            ResumeOutcome::Resumed(_) => {
                let old = self.old.as_ref();
                self.new.total = download.total.or(old.and_then(|old| old.total));
                // What an answer does not repeat stays known.
                let same = old.filter(|old| old.is_same_sender(&self.new));
                let known = same.and_then(|old| old.validator.clone());
                self.new.validator = self.new.validator.take().or(known);
            }
            ResumeOutcome::Whole | ResumeOutcome::Mismatch => self.forget(),
        }
        outcome
    }

    /// Whether an answer continues the bytes that are here: the same start, and the same total where both are known. By a
    /// digest that is known, another source may continue if it states the total; without one, only the same asset of the
    /// same source with the same validator.
    fn is_continued_by(&self, download: &Download) -> bool {
        let Some(old) = &self.old else { return false };
        let totals = [old.total, self.size.filter(|_| old.archive.is_some())];
        let agrees = |known: &Option<u64>| {
            known.is_none() || download.total.is_none() || *known == download.total
        };
        let fits = download.total.is_none_or(|total| self.had <= total);
        let same_place = download.start == self.had && fits && totals.iter().all(agrees);
        let is_proven = download.total.is_some() && totals.iter().any(Option::is_some);
        let same_content = match old.archive {
            Some(_) => is_proven || old.is_same_sender(&self.new),
            None => match (&old.validator, &download.validator) {
                (Some(a), Some(b)) => a == b,
                _ => true,
            },
        };
        same_place && same_content
    }
}
