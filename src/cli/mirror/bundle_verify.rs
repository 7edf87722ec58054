//! The part of `loom mirror verify` that is about bundles.

use std::path::Path;

use loom_base::error_chain;
use loom_mirror::bundle::BundleCheck;
use serde_json::json;

use crate::cli::{
    Exit, Outcome,
    bundle_signer::{self, BundleSigner},
    context::Context,
    path_text::shown,
};
use loom_runtime::{
    config::Resolved,
    mirror::bundle::{BundleContents, BundleTaskError, verify_contents},
};

/// Compares every byte of the bundle at `path`. `key` is the key that must have signed it, instead of those of the
/// configuration.
pub(super) fn run(
    context: &Context,
    resolved: &Resolved,
    path: &Path,
    key: Option<&str>,
) -> Outcome {
    let read = |source| BundleTaskError::Read { path: path.to_owned(), source };
    let BundleCheck { bundle, damages } = BundleCheck::run(path).map_err(read)?;
    let signer = bundle_signer::judge(context, resolved, bundle.signer(), key)?;
    if let Some(notice) = signer.notice() {
        context.printer.warning(notice);
    }
    let mut contents = BundleContents::default();
    if damages.is_empty() {
        contents = verify_contents(&bundle);
    }
    let damaged = damages.iter().map(|damage| (damage.path.clone(), error_chain(&damage.error)));
    let mut findings: Vec<(String, String)> = damaged.chain(contents.findings).collect();
    findings.extend(signer.finding());
    let files = bundle.manifest().files.len();
    let releases = contents.records.len();
    BundleReport { path, files, releases, signer, findings }.answer(context)
}

/// The result of verifying a bundle.
struct BundleReport<'a> {
    path: &'a Path,
    files: usize,
    releases: usize,
    signer: BundleSigner,
    findings: Vec<(String, String)>,
}

impl BundleReport<'_> {
    fn answer(&self, context: &Context) -> Outcome {
        let findings: Vec<_> =
            self.findings.iter().map(|(path, what)| json!({"path": path, "what": what})).collect();
        let document = json!({
            "schema": 1, "path": shown(self.path), "sound": findings.is_empty(), "files": self.files,
            "releases": self.releases, "signature": self.signer.json(), "findings": findings,
        });
        context.printer.answer(&document, || self.text())?;
        // The document is the answer; an error would print a second one.
        Ok(if self.findings.is_empty() { Exit::Success } else { Exit::Integrity })
    }

    fn text(&self) -> String {
        let line = |(path, what): &(String, String)| match path.as_str() {
            "" => format!("{what}\n"),
            path => format!("{path}: {what}\n"),
        };
        let findings: String = self.findings.iter().map(line).collect();
        let verdict = match self.findings.len() {
            0 => "OK".to_owned(),
            1 => "1 problem found".to_owned(),
            count => format!("{count} problems found"),
        };
        let Self { files, releases, signer, .. } = self;
        format!("{findings}{verdict}: {files} files, {releases} releases; {signer}")
    }
}
