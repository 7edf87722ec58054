//! The store layout: the files of a store that can be copied to a server, without those of a running machine.

use std::time::SystemTime;

use loom_base::time::parse_rfc3339;
use loom_source::{
    Artifact, AssetRef, Authority, ClaimedDigest, Digest, DigestSource, Evidence, EvidenceSubject,
    Index, Name, Offer, Packaging, Platform, Product, Record, Release, SourceError,
    SourceErrorKind, Statement, Version,
    record::{
        DocumentError, RecordArtifact, RecordEvidence, RecordEvidenceKind, object_path, tree_path,
    },
};

use crate::{
    folder_errors::{FolderErrors, newest},
    layout::is_readable,
    listed_statements::ListedStatements,
    transport::{Transport, check_key, join_key},
};

/// The largest record or statement that is read, in bytes.
const MAX_DOCUMENT: usize = 1024 * 1024;

/// The largest index that is read, in bytes: room for some tens of thousands of releases.
const MAX_INDEX: usize = 32 * 1024 * 1024;

/// The offer of a release: the artifacts in its record that its statement describes. `None` where there is no record.
pub(crate) async fn find(
    transport: &dyn Transport,
    release: &Release,
    listed: &ListedStatements,
) -> Result<Option<Offer>, SourceError> {
    let path = Record::path(release);
    let bytes = match transport.get_bytes(&path, MAX_DOCUMENT).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        Err(e) if e.kind.may_be_absent() && is_readable(transport).await => return Ok(None),
        Err(e) => return Err(e),
    };
    let record = Record::parse(&bytes).map_err(|e| malformed(transport, &path, &e))?;
    if let Some(statement) = listed.get(release).filter(|listed| *listed != record.statement) {
        let why = format!(
            "expected the statement {statement}, which the index names, got {}",
            record.statement
        );
        return Err(SourceError::malformed(transport.location(&path), why));
    }
    let path = object_path(&record.statement);
    let bytes = transport.get_bytes(&path, MAX_DOCUMENT).await?;
    let bytes =
        bytes.ok_or_else(|| SourceError::new(transport.location(&path), SourceErrorKind::Gone))?;
    let got = Digest::of(&bytes);
    if got != record.statement {
        let why = format!("expected the SHA-256 {}, got {got}", record.statement);
        return Err(SourceError::malformed(transport.location(&path), why));
    }
    let statement = Statement::parse(&bytes).map_err(|e| malformed(transport, &path, &e))?;
    if statement.release() != *release {
        let named = |release: &Release| format!("{release} of {}", release.authority);
        let (expected, got) = (named(release), named(&statement.release()));
        let why = format!("expected the statement of {expected}, got that of {got}");
        return Err(SourceError::malformed(transport.location(&path), why));
    }
    let location = transport.location(&path);
    Ok(Some(Offer {
        artifacts: artifacts(&record, &statement, &location),
        tree: Some(claim(statement.tree, &location)),
        statement: Some(bytes),
        evidence: evidence(&record),
        ..Offer::default()
    }))
}

fn claim(digest: Digest, location: &str) -> ClaimedDigest {
    ClaimedDigest { digest, by: DigestSource::Statement, at: location.to_owned() }
}

fn malformed(transport: &dyn Transport, path: &str, why: &DocumentError) -> SourceError {
    let why = match why {
        DocumentError::Malformed { kind, source } => format!("not a valid {kind}: {source}"),
        other => other.to_string(),
    };
    SourceError::malformed(transport.location(path), why)
}

/// The artifacts of the record that can be used: those of a known kind, and archives that the statement describes.
fn artifacts(record: &Record, statement: &Statement, location: &str) -> Vec<Artifact> {
    let usable = |artifact: &RecordArtifact| match artifact {
        RecordArtifact::Archive { digest } => {
            archive(statement, digest, object_path(digest), location)
        }
        RecordArtifact::File { path, digest } if check_key(path).is_ok() => {
            archive(statement, digest, path.clone(), location)
        }
        RecordArtifact::Loose => Some(Artifact {
            packaging: Packaging::Loose { folder: AssetRef::new(tree_path(&statement.tree)) },
            asset: AssetRef::new(object_path(&statement.tree)),
            size: None,
            claims: vec![claim(statement.tree, location)],
        }),
        RecordArtifact::File { .. } | RecordArtifact::Unknown => None,
    };
    record.artifacts.iter().filter_map(usable).collect()
}

/// The archive at `path`, where the statement describes it.
fn archive(
    statement: &Statement,
    digest: &Digest,
    path: String,
    location: &str,
) -> Option<Artifact> {
    let archive = statement.archives.iter().find(|archive| archive.digest == *digest)?;
    Some(Artifact {
        packaging: Packaging::Archive { format: archive.format, strip: Some(archive.strip) },
        asset: AssetRef::new(path),
        size: Some(archive.size),
        claims: vec![claim(*digest, location)],
    })
}

/// The signatures of the record, each with what it is about.
fn evidence(record: &Record) -> Vec<Evidence> {
    let is_sums = |object: &Digest| {
        let sums = |e: &RecordEvidence| e.kind == RecordEvidenceKind::Sums && e.digest == *object;
        record.evidence.iter().any(sums)
    };
    let offered = |e: &RecordEvidence| {
        let kind = e.kind.offered()?;
        let object = |digest: &Digest| AssetRef::new(object_path(digest));
        let of = if e.of == record.statement {
            EvidenceSubject::Statement
        } else if is_sums(&e.of) {
            EvidenceSubject::Sums(object(&e.of))
        } else {
            EvidenceSubject::Artifact(object(&e.of))
        };
        Some(Evidence { kind, asset: object(&e.digest), of })
    };
    record.evidence.iter().filter_map(offered).collect()
}

/// The index of a mirror that has one.
async fn read_index(transport: &dyn Transport) -> Result<Option<Index>, SourceError> {
    let bytes = match transport.get_bytes(Index::PATH, MAX_INDEX).await {
        Err(e) if e.kind.may_be_absent() && is_readable(transport).await => None,
        read => read?,
    };
    let Some(bytes) = bytes else { return Ok(None) };
    let index = Index::parse_skipping(&bytes, transport.skipped());
    let index = index.map_err(|e| malformed(transport, Index::PATH, &e))?;
    check_expiry(&index, SystemTime::now())
        .map_err(|why| SourceError::malformed(transport.location(Index::PATH), why))?;
    Ok(Some(index))
}

/// The versions of a product that the index withdraws.
pub(crate) async fn withdrawn(
    transport: &dyn Transport,
    product: &Product,
) -> Result<Vec<Version>, SourceError> {
    Ok(read_index(transport).await?.map(|index| index.withdrawn(product)).unwrap_or_default())
}

/// The versions of a product: from the index, else from the folders; `None` where there is no index and folders cannot be
/// listed. What the index says about the product is kept in `statements`.
pub(crate) async fn list(
    transport: &dyn Transport,
    product: &Product,
    statements: &ListedStatements,
) -> Result<Option<Vec<Version>>, SourceError> {
    if let Some(index) = read_index(transport).await? {
        statements.keep(&index, product);
        return Ok(Some(index.versions(product)));
    }
    let folder = format!("releases/{}/{}", product.authority, product.binary);
    let entries = match transport.list(&folder).await {
        Err(e) if e.kind.may_be_absent() && is_readable(transport).await => None,
        listed => listed?,
    };
    let Some(entries) = entries else {
        // Which of these folders have a record for the platform shows when a version is looked for.
        let folders = transport.list_folders(&folder).await?.unwrap_or_default();
        let versions: Vec<Version> = folders.iter().filter_map(|name| name.parse().ok()).collect();
        return Ok(Some(versions).filter(|versions| !versions.is_empty()));
    };
    let record = format!("{}.json", product.platform);
    let mut versions = Vec::new();
    let mut folders = FolderErrors::default();
    let named = entries.folders.into_iter().filter_map(|name| Some((name.parse().ok()?, name)));
    for (version, name) in newest(transport, named.collect()) {
        let key = join_key(&folder, &name);
        let records = folders.listed(transport, &key, transport.list(&key).await)?;
        if records.size(&record).is_some() {
            versions.push(version);
        }
    }
    folders.unless(!versions.is_empty())?;
    Ok(Some(versions))
}

/// Refuses an index that has expired, and one whose times cannot be read.
fn check_expiry(index: &Index, now: SystemTime) -> Result<(), String> {
    for (key, time) in [("issued", &index.payload.issued), ("expires", &index.payload.expires)] {
        let Some(text) = time else { continue };
        let at = parse_rfc3339(text)
            .ok_or_else(|| format!("expected a time in RFC 3339 as {key:?}, got {text:?}"))?;
        if key == "expires" && at <= now {
            return Err(format!("it expired at {text}, and selects no version any more"));
        }
    }
    Ok(())
}

/// The platforms for which the default authority has a record.
pub(crate) async fn platforms(
    transport: &dyn Transport,
    binary: &Name,
    version: &Version,
) -> Result<Vec<Platform>, SourceError> {
    let folder = format!("releases/{}/{binary}/{version}", Authority::default());
    let records = transport.list(&folder).await?.unwrap_or_default();
    let has_record = |platform: &Platform| records.size(&format!("{platform}.json")).is_some();
    Ok(Platform::ALL.into_iter().filter(has_record).collect())
}

#[cfg(test)]
mod tests {
    use loom_source::record::IndexPayload;

    use super::*;

    #[test]
    fn an_index_selects_until_it_expires() {
        let time = |text: &str| parse_rfc3339(text).unwrap();
        let now = time("2026-02-01T00:00:00Z");
        for (issued, expires, valid) in [
            (None, None, true),
            (Some("2026-01-01T00:00:00Z"), Some("2026-02-01T00:00:01Z"), true),
            (None, Some("2026-02-01T00:00:00Z"), false),
            (None, Some("2020-01-01T00:00:00Z"), false),
            (None, Some("2027-02-01T00:00:00+01:00"), false),
            (None, Some("tomorrow"), false),
            (None, Some(""), false),
            (Some("https://mirror.example/"), None, false),
        ] {
            let [issued, expires] = [issued, expires].map(|time| time.map(str::to_owned));
            let payload = IndexPayload {
                mirror: None,
                root: None,
                serial: 1,
                issued,
                expires,
                releases: vec![],
            };
            let index = Index::unsigned(payload);
            assert_eq!(check_expiry(&index, now).is_ok(), valid, "{:?}", index.payload);
        }
    }
}
