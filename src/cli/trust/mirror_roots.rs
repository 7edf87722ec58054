//! `loom trust add-root`, `loom trust roots` and `loom trust remove-root`: the roots of signed mirrors.

use std::{collections::BTreeSet, time::SystemTime};

use loom_base::{bounded_file, time::format_rfc3339};
use loom_http::Journal;
use loom_source::{Digest, record::SignedKind};
use serde_json::{Value, json};

use crate::cli::{CommandError, Exit, Outcome, context::Context, report::source_error::unanswered};
use loom_runtime::{
    acquire::SourceRuntime,
    config::{Flags, Resolved, SourceKind, SourceSpec},
    sources::{Candidate, GivenRoots, MirrorStatus, RootOrigin, read_signed_document},
    trust::mirror::{SeenIndex, TrustedRoot},
};

/// Arguments of `loom trust add-root`.
#[derive(Debug, clap::Args)]
pub(crate) struct AddRoot {
    /// File or URL of the root
    root: String,
    /// SHA-256 of the file, from the maintainer of the mirror by another way than the mirror itself
    #[arg(long, value_name = "DIGEST")]
    sha256: Digest,
    /// Name or URL of the source [default: the only mirror among the sources]
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
}

/// Adds the root from which a source is trusted.
pub(super) fn add(args: &AddRoot, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    if resolved.is_locked("trust.roots") {
        let message = format!("{} fixes trust.roots for all users", resolved.locked_by);
        let hint = "the roots of mirrors are those of that file; its administrator can add one";
        return Err(CommandError::new(Exit::Usage, message).hint(hint));
    }
    let source = chosen_source(args.source.as_deref(), &resolved, context)?;
    let bytes = read(&args.root, &resolved, context)?;
    let root = TrustedRoot::given(&bytes, args.sha256).map_err(|rejection| {
        CommandError::of(Exit::Integrity, &rejection)
            .hint("compare the digest with the one that the maintainer of the mirror published")
    })?;
    let state = &resolved.state_dir.value;
    GivenRoots::add(state, &source, &bytes, SystemTime::now())?;
    // A list that the source gave before was not signed.
    state.remove_folder("versions")?;
    let root = root.root();
    let document = json!({
        "schema": 1, "source": source, "mirror": root.mirror, "number": root.number,
        "sha256": args.sha256,
    });
    context.printer.answer(&document, || {
        format!(
            "{source} needs a signed index from now on: mirror {}, root {}\n",
            root.mirror, root.number
        )
    })?;
    Ok(Exit::Success)
}

/// The name of the source that a root is for.
fn chosen_source(
    named: Option<&str>,
    resolved: &Resolved,
    context: &Context,
) -> Result<String, CommandError> {
    let mirrors = mirrors(resolved, context)?;
    let names = || mirrors.iter().map(|mirror| mirror.name.clone()).collect::<Vec<_>>();
    match (named, &mirrors[..]) {
        (Some(name), _) if mirrors.iter().any(|mirror| mirror.name == name) => Ok(name.to_owned()),
        (None, [one]) => Ok(one.name.clone()),
        (Some(name), _) => {
            // A source that is given by --source only has its URL as its name.
            let spec = SourceSpec::shorthand(name, &context.cwd()?);
            let is_mirror =
                |spec: &SourceSpec| matches!(spec.kind, SourceKind::Mirror(_) | SourceKind::Oci(_));
            match spec {
                Ok(spec) if is_mirror(&spec) && name.contains(['/', ':']) => Ok(spec.to_string()),
                _ => {
                    let message = format!("expected the name or the URL of a mirror, got {name:?}");
                    Err(CommandError::new(Exit::Usage, message).hint(listed(&names())))
                }
            }
        }
        (None, _) => {
            let message = format!("expected one mirror among the sources, got {}", mirrors.len());
            Err(CommandError::new(Exit::Usage, message).hint(listed(&names())))
        }
    }
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "name its URL with --source URL".to_owned(),
        names => format!("name one of the mirrors with --source: {}", names.join(", ")),
    }
}

/// The configured mirrors, opened.
fn mirrors(resolved: &Resolved, context: &Context) -> Result<Vec<Candidate>, CommandError> {
    let opened = context.open_sources(resolved, false)?;
    Ok(opened.candidates.into_iter().filter(|candidate| candidate.signed.is_some()).collect())
}

/// The URL of a mirror and the path of a file in it; `None` for a file on this machine. A registry and an image layout have
/// documents, and no folders.
fn mirror_and_path(root: &str) -> Option<(&str, &str)> {
    let is_images = ["oci://", "oci-layout:"].iter().any(|scheme| root.starts_with(scheme));
    if !is_images {
        return root.rsplit_once('/').filter(|_| root.contains("://"));
    }
    let (folder, _) = root.rsplit_once('/')?;
    let mirror = folder.strip_suffix("/root")?;
    Some((mirror, &root[mirror.len() + 1..]))
}

/// The bytes of a root in a file or at a URL.
fn read(root: &str, resolved: &Resolved, context: &Context) -> Result<Vec<u8>, CommandError> {
    let Some((folder, name)) = mirror_and_path(root) else {
        let path = context.cwd()?.join(root);
        let limit = SignedKind::Root.max_bytes() as u64;
        return bounded_file::read(&path, limit).map_err(|error| {
            CommandError::new(Exit::Usage, format!("could not read {}: {error}", path.display()))
        });
    };
    let mut spec = SourceSpec::shorthand(folder, &context.cwd()?)
        .map_err(|error| CommandError::of(Exit::Usage, &error))?;
    // The digest decides, not the way.
    spec.allow_http = true;
    let candidate = context.opener(resolved)?.open(&spec, Journal::default())?;
    let source = candidate.source.as_ref();
    let reading = read_signed_document(source, SignedKind::Root, name, candidate.timeout);
    let bytes = SourceRuntime::default().block_on(reading)?;
    let bytes = bytes.map_err(|error| unanswered(&error))?;
    bytes.ok_or_else(|| CommandError::new(Exit::Absent, format!("{root} does not exist")))
}

/// The roots that are known for the configured mirrors.
pub(crate) fn known_roots(
    resolved: &Resolved,
    context: &Context,
) -> Result<Vec<Value>, CommandError> {
    let known = known(resolved, context)?;
    Ok(known.iter().map(|(source, status)| described(source, status)).collect())
}

/// The mirrors for which a root is known, by the names of their sources.
fn known(
    resolved: &Resolved,
    context: &Context,
) -> Result<Vec<(String, MirrorStatus)>, CommandError> {
    let mut known = Vec::new();
    for mirror in mirrors(resolved, context)? {
        if let Some(signed) = &mirror.signed
            && let Some(status) = signed.status().map_err(|e| unanswered(&e))?
        {
            known.push((mirror.name.clone(), status));
        }
    }
    Ok(known)
}

/// Prints the mirrors for which a root is known.
pub(super) fn list(context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let known = known(&resolved, context)?;
    let given = GivenRoots::load(&resolved.state_dir.value)?;
    let added = given.roots.iter().map(|root| root.source.as_str());
    let configured = resolved.trust.roots.value.iter().map(|root| root.source.as_str());
    let is_known = |source: &&str| known.iter().any(|(name, _)| name == source);
    let others: BTreeSet<&str> = added.chain(configured).filter(|name| !is_known(name)).collect();
    let roots: Vec<Value> =
        known.iter().map(|(source, status)| described(source, status)).collect();
    let document = json!({"schema": 1, "roots": roots, "unused": others});
    context.printer.answer(&document, || {
        let mut text: String = known.iter().map(|(source, status)| line(source, status)).collect();
        for source in &others {
            text.push_str(&format!(
                "{source}: a root is given, and no configured mirror has this name\n"
            ));
        }
        if text.is_empty() { "no root is known\n".to_owned() } else { text }
    })?;
    Ok(Exit::Success)
}

fn described(source: &str, status: &MirrorStatus) -> Value {
    let index = status.index.map(|seen| {
        json!({
            "root": seen.root, "serial": seen.serial,
            "issued": format_rfc3339(seen.issued), "expires": format_rfc3339(seen.expires),
        })
    });
    json!({
        "source": source, "origin": status.origin.as_str(), "sha256": status.anchor,
        "mirror": status.mirror, "number": status.number,
        "expires": format_rfc3339(status.expires),
        "authorities": status.authorities, "index": index,
    })
}

fn line(source: &str, status: &MirrorStatus) -> String {
    format!("{source}: {}\n", status_text(status))
}

/// What is known of a mirror, in words.
pub(crate) fn status_text(status: &MirrorStatus) -> String {
    let MirrorStatus { mirror, number, expires, origin, .. } = status;
    let index = match status.index {
        Some(SeenIndex { root, serial, issued, expires, .. }) => format!(
            "; newest index: serial {serial} of root {root}, issued {}, valid until {}",
            format_rfc3339(issued),
            format_rfc3339(expires)
        ),
        None => "; no index was seen yet".to_owned(),
    };
    let origin = match origin {
        RootOrigin::Configured => "given by trust.roots",
        RootOrigin::Added => "added",
        RootOrigin::FirstSeen => "kept at first sight",
    };
    let until = format_rfc3339(*expires);
    format!("mirror {mirror}, root {number} (valid until {until}), {origin}{index}")
}

/// Removes the root of a source that was added, or kept at first sight.
pub(super) fn remove(source: &str, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let added = GivenRoots::remove(&resolved.state_dir.value, source)?;
    let mirrors = mirrors(&resolved, context)?;
    let named = mirrors.iter().filter(|mirror| mirror.name == source);
    let mut kept = false;
    for signed in named.filter_map(|mirror| mirror.signed.as_ref()) {
        kept |= signed.forget_first_seen()?;
    }
    let removed = added || kept;
    let document = json!({"schema": 1, "source": source, "removed": removed});
    context.printer.answer(&document, || {
        let text = if removed { "needs no signed index any more" } else { "had no root" };
        format!("{source} {text}\n")
    })?;
    Ok(if removed { Exit::Success } else { Exit::Absent })
}
