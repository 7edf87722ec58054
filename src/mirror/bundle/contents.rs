//! [`verify_contents`]: whether the mirror in a bundle is complete.

use loom_mirror::bundle::OpenBundle;
use loom_source::{
    Digest, Record, Statement,
    record::{RecordArtifact, object_path, tree_path},
};

use crate::store::TreeListing;

/// What a bundle holds, by what its records say.
#[derive(Debug, Default)]
pub struct BundleContents {
    /// The paths of the records.
    pub records: Vec<String>,
    /// What is missing or contradictory: a path, and what is wrong with it.
    pub findings: Vec<(String, String)>,
}

/// Follows the records of a bundle whose bytes have been compared with its manifest: whether every object has its name,
/// and every record its statement, its artifacts and its evidence.
pub fn verify_contents(bundle: &OpenBundle) -> BundleContents {
    let mut contents = BundleContents::default();
    for file in &bundle.manifest().files {
        let path = &file.path;
        let expected = object_path(&file.sha256);
        if path.starts_with("objects/") && *path != expected {
            contents.wrong(path, format!("expected the name {expected}"));
        }
        let parts = path.split('/').count();
        if path.starts_with("releases/") && parts == 5 {
            contents.records.push(path.clone());
            if let Err(why) = check_record(bundle, path, &mut contents) {
                contents.wrong(path, why);
            }
        }
    }
    contents
}

impl BundleContents {
    fn wrong(&mut self, path: &str, why: impl Into<String>) {
        self.findings.push((path.to_owned(), why.into()));
    }

    /// Adds a finding where the bundle does not have the object.
    fn require(&mut self, bundle: &OpenBundle, path: &str, of: &str) {
        if bundle.manifest().file(path).is_none() {
            self.wrong(path, format!("missing; {of} names it"));
        }
    }
}

fn check_record(
    bundle: &OpenBundle,
    path: &str,
    contents: &mut BundleContents,
) -> Result<(), String> {
    let record = Record::parse(&read(bundle, path)?).map_err(|e| loom_base::error_chain(&e))?;
    let statement = read(bundle, &object_path(&record.statement))?;
    let statement = Statement::parse(&statement).map_err(|e| loom_base::error_chain(&e))?;
    let release = statement.release();
    if Record::path(&release) != path {
        return Err(format!("its statement is that of {release}"));
    }
    let mut usable = false;
    for artifact in &record.artifacts {
        match artifact {
            RecordArtifact::Archive { digest } => {
                contents.require(bundle, &object_path(digest), path);
                usable |= statement.archives.iter().any(|archive| archive.digest == *digest);
            }
            RecordArtifact::File { path: file, digest } => {
                let found = bundle.manifest().file(file);
                if found.is_none_or(|found| found.sha256 != *digest) {
                    contents.wrong(file, format!("expected the SHA-256 {digest}; {path} names it"));
                }
                usable |= statement.archives.iter().any(|archive| archive.digest == *digest);
            }
            RecordArtifact::Loose => {
                check_tree(bundle, &statement.tree, path, contents)?;
                usable = true;
            }
            RecordArtifact::Unknown => {}
        }
    }
    for evidence in &record.evidence {
        contents.require(bundle, &object_path(&evidence.digest), path);
    }
    if usable { Ok(()) } else { Err("it names no archive or tree of its statement".to_owned()) }
}

fn check_tree(
    bundle: &OpenBundle,
    tree: &Digest,
    record: &str,
    contents: &mut BundleContents,
) -> Result<(), String> {
    let listing = read(bundle, &object_path(tree))?;
    let listing = TreeListing::parse(&listing).map_err(|e| loom_base::error_chain(&e))?;
    for entry in listing.entries() {
        let path = format!("{}/{}", tree_path(tree), entry.path);
        match bundle.manifest().file(&path) {
            None => contents.wrong(&path, format!("missing; {record} names its tree")),
            Some(file) if file.sha256 != entry.digest => {
                contents.wrong(&path, format!("expected the SHA-256 {}", entry.digest));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn read(bundle: &OpenBundle, path: &str) -> Result<Vec<u8>, String> {
    let bytes = bundle.read(path).map_err(|error| loom_base::error_chain(&error))?;
    bytes.ok_or_else(|| format!("{path} is missing"))
}
