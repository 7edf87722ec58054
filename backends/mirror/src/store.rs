//! The store layout: a store at rest.

use loom_source::{
    Artifact, AssetRef, Authority, ClaimedDigest, Digest, DigestSource, Evidence, Index, Name,
    Offer, Packaging, Platform, Product, Record, Release, SourceError, SourceErrorKind, Statement,
    Version,
    record::{DocumentError, RecordArtifact, object_path, tree_path},
};

use crate::{
    layout::is_readable,
    transport::{Transport, join},
};

/// Records and statements are small; one that is not is something else.
const DOCUMENT: usize = 1024 * 1024;

/// An index of some tens of thousands of releases.
const INDEX: usize = 32 * 1024 * 1024;

/// The release's record, its statement, and the carriers that both speak of.
pub(crate) async fn find(
    transport: &dyn Transport,
    release: &Release,
) -> Result<Option<Offer>, SourceError> {
    let path = Record::path(release);
    let bytes = match transport.small(&path, DOCUMENT).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        Err(e) if e.kind.may_be_absent() && is_readable(transport).await => return Ok(None),
        Err(e) => return Err(e),
    };
    let record = Record::parse(&bytes).map_err(|e| malformed(transport, &path, &e))?;
    let path = object_path(&record.statement);
    let bytes = transport.small(&path, DOCUMENT).await?;
    let bytes =
        bytes.ok_or_else(|| SourceError::new(transport.at(&path), SourceErrorKind::Gone))?;
    let statement = Statement::parse(&bytes).map_err(|e| malformed(transport, &path, &e))?;
    if statement.release() != *release {
        let why = format!("it speaks of {} instead of {release}", statement.release());
        return Err(SourceError::malformed(transport.at(&path), why));
    }
    let at = transport.at(&path);
    Ok(Some(Offer {
        artifacts: carriers(&record, &statement, &at),
        tree: Some(claim(statement.tree, &at)),
        statement: Some(bytes),
        evidence: evidence(&record),
        build: None,
    }))
}

fn claim(digest: Digest, at: &str) -> ClaimedDigest {
    ClaimedDigest { digest, by: DigestSource::Statement, at: at.to_owned() }
}

fn malformed(transport: &dyn Transport, path: &str, why: &DocumentError) -> SourceError {
    let why = match why {
        DocumentError::Malformed { kind, source } => format!("not a valid {kind}: {source}"),
        other => other.to_string(),
    };
    SourceError::malformed(transport.at(path), why)
}

/// The carriers of the record that can be read: of a form we know, and of an archive that the statement describes.
fn carriers(record: &Record, statement: &Statement, at: &str) -> Vec<Artifact> {
    let carrier = |carrier: &RecordArtifact| match carrier {
        RecordArtifact::Archive { digest } => {
            let archive = statement.archives.iter().find(|a| a.digest == *digest)?;
            let form = Packaging::Archive { format: archive.format, strip: Some(archive.strip) };
            Some(Artifact {
                packaging: form,
                asset: AssetRef::new(object_path(digest)),
                size: Some(archive.size),
                claims: vec![claim(*digest, at)],
            })
        }
        RecordArtifact::Loose => Some(Artifact {
            packaging: Packaging::Loose { folder: AssetRef::new(tree_path(&statement.tree)) },
            asset: AssetRef::new(object_path(&statement.tree)),
            size: None,
            claims: vec![claim(statement.tree, at)],
        }),
        RecordArtifact::Unknown => None,
    };
    record.artifacts.iter().filter_map(carrier).collect()
}

fn evidence(record: &Record) -> Vec<Evidence> {
    let evidence = record.evidence.iter();
    evidence
        .map(|e| Evidence { kind: e.kind, asset: AssetRef::new(object_path(&e.digest)) })
        .collect()
}

/// The versions of a line: from the index, else from the folders; `None` where there is neither.
pub(crate) async fn list(
    transport: &dyn Transport,
    line: &Product,
) -> Result<Option<Vec<Version>>, SourceError> {
    let index = match transport.small(Index::PATH, INDEX).await {
        Err(e) if e.kind.may_be_absent() && is_readable(transport).await => None,
        read => read?,
    };
    if let Some(bytes) = index {
        let index = Index::parse(&bytes).map_err(|e| malformed(transport, Index::PATH, &e))?;
        return Ok(Some(index.versions(line)));
    }
    let folder = format!("releases/{}/{}", line.authority, line.binary);
    let entries = match transport.list(&folder).await {
        Err(e) if e.kind.may_be_absent() && is_readable(transport).await => None,
        listed => listed?,
    };
    let Some(entries) = entries else { return Ok(None) };
    let record = format!("{}.json", line.platform);
    let mut versions = Vec::new();
    for name in entries.folders {
        let Ok(version) = name.parse::<Version>() else { continue };
        let records = transport.list(&join(&folder, &name)).await?.unwrap_or_default();
        if records.size(&record).is_some() {
            versions.push(version);
        }
    }
    Ok(Some(versions))
}

/// The platforms of which the default authority has a record.
pub(crate) async fn platforms(
    transport: &dyn Transport,
    binary: &Name,
    version: &Version,
) -> Result<Vec<Platform>, SourceError> {
    let folder = format!("releases/{}/{binary}/{version}", Authority::default());
    let records = transport.list(&folder).await?.unwrap_or_default();
    let there = |platform: &Platform| records.size(&format!("{platform}.json")).is_some();
    Ok(Platform::ALL.into_iter().filter(there).collect())
}
