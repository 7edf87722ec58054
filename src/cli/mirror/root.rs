//! `loom mirror root new|sign|publish`: changes keys, thresholds and authorities, with several holders.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use loom_base::{
    atomic_file::{self, Durability},
    bounded_file,
};
use loom_signatures::document::{DocumentPublicKey, DocumentSecretKey};
use loom_source::{
    Authority,
    record::{DocumentSignature, MirrorRole, MirrorRoot, SignedDocument, SignedKind},
};
use serde_json::json;

use super::mirror_location::MirrorLocation;
use crate::cli::writer_args::days;
use crate::cli::{CommandError, Exit, Outcome, context::Context, path_text::shown};
use loom_runtime::{
    acquire::SourceRuntime,
    config::Flags,
    mirror::{self, MirrorTaskError, RootChanges, RootRole, SigningKeys},
};

/// Arguments of `loom mirror root`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: RootCommand,
}

#[derive(Debug, clap::Subcommand)]
enum RootCommand {
    /// Write a draft of the next root of a mirror
    New(NewArgs),
    /// Add signatures to a draft; each holder does so with their own key
    Sign(SignArgs),
    /// Publish a draft that enough keys have signed
    Publish(PublishArgs),
}

#[derive(Debug, clap::Args)]
struct NewArgs {
    /// The mirror
    mirror: MirrorLocation,
    /// File for the draft
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Give a role (root, index, timestamp) a public key: a PEM file; may be repeated
    #[arg(long = "add", value_name = "ROLE=FILE", value_parser = role_and_text)]
    add: Vec<(RootRole, String)>,
    /// Take a key from a role, by the beginning of its name; may be repeated
    #[arg(long = "remove", value_name = "ROLE=KEY", value_parser = role_and_text)]
    remove: Vec<(RootRole, String)>,
    /// How many keys of a role have to sign; may be repeated
    #[arg(long = "threshold", value_name = "ROLE=N", value_parser = role_and_text)]
    thresholds: Vec<(RootRole, String)>,
    /// Let the mirror vouch for a further authority; may be repeated
    #[arg(long = "authority", value_name = "NAME")]
    authorities: Vec<Authority>,
    /// Let the mirror no longer vouch for an authority; may be repeated
    #[arg(long = "remove-authority", value_name = "NAME")]
    removed_authorities: Vec<Authority>,
    /// How long the root is valid
    #[arg(long, value_name = "DURATION", default_value = "366d", value_parser = days)]
    expires: Duration,
}

#[derive(Debug, clap::Args)]
struct SignArgs {
    /// The draft
    file: PathBuf,
    /// Secret key that signs; may be repeated
    #[arg(long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct PublishArgs {
    /// The draft
    file: PathBuf,
    /// The mirror
    #[arg(long, value_name = "URL")]
    to: MirrorLocation,
}

/// Parses `ROLE=TEXT`.
fn role_and_text(text: &str) -> Result<(RootRole, String), String> {
    let (role, rest) = text.split_once('=').ok_or("expected ROLE=VALUE")?;
    let known = RootRole::ALL.into_iter().find(|known| known.as_str() == role);
    let known = known.ok_or("expected a role: root, index or timestamp")?;
    Ok((known, rest.to_owned()))
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.command {
        RootCommand::New(args) => new(args, context),
        RootCommand::Sign(args) => sign(args, context),
        RootCommand::Publish(args) => publish(args, context),
    }
}

fn new(args: &NewArgs, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let documents = args.mirror.documents(context, &resolved)?;
    let newest =
        SourceRuntime::default().block_on(mirror::newest_root(documents.as_ref(), 1))??;
    let unsigned = || MirrorTaskError::Unsigned { mirror: documents.to_string() };
    let newest = newest.ok_or_else(unsigned)?;
    let cwd = context.cwd()?;
    let add = args.add.iter().map(|(role, file)| Ok((*role, public_key(&cwd.join(file))?)));
    let threshold = |(role, text): &(RootRole, String)| {
        let number = text.parse().map_err(|_| {
            CommandError::new(Exit::Usage, format!("{text:?} is no threshold"))
                .hint("write --threshold root=2")
        })?;
        Ok((*role, number))
    };
    let changes = RootChanges {
        add: add.collect::<Result<_, CommandError>>()?,
        remove: args.remove.clone(),
        thresholds: args.thresholds.iter().map(threshold).collect::<Result<_, CommandError>>()?,
        add_authorities: args.authorities.clone(),
        remove_authorities: args.removed_authorities.clone(),
        validity: args.expires,
    };
    let draft = changes.successor(newest.root())?;
    let file = cwd.join(&args.to);
    if file.exists() {
        // It may hold the signatures of others.
        let message = format!("{} exists", file.display());
        let hint = "remove it, or name another file with --to";
        return Err(CommandError::new(Exit::Usage, message).hint(hint));
    }
    write_draft(&file, &draft)?;
    answer(context, &file, &draft)?;
    context.printer.message(format!(
        "each holder signs it: `loom mirror root sign {} --key FILE`",
        args.to.display()
    ));
    Ok(Exit::Success)
}

fn sign(args: &SignArgs, context: &Context) -> Outcome {
    let cwd = context.cwd()?;
    let file = cwd.join(&args.file);
    let mut draft = read_draft(&file)?;
    let keys: Vec<PathBuf> = args.keys.iter().map(|key| cwd.join(key)).collect();
    mirror::sign_root(&mut draft, &SigningKeys::read(keys.iter().map(PathBuf::as_path))?)?;
    write_draft(&file, &draft)?;
    answer(context, &file, &draft)?;
    let own = mirror::read_draft(&draft)?.roles.root.keys;
    for key in draft.signatures.iter().filter_map(DocumentSignature::key) {
        if !own.contains(&key) {
            let text =
                "is no key of this root; its signature counts only if the root before has it";
            context.printer.warning(format!("{} {text}", key.short()));
        }
    }
    Ok(Exit::Success)
}

fn publish(args: &PublishArgs, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let documents = args.to.documents(context, &resolved)?;
    let draft = read_draft(&context.cwd()?.join(&args.file))?;
    let published = mirror::publish_root(documents.as_ref(), &draft);
    let root = SourceRuntime::default().block_on(published)??;
    let MirrorRoot { mirror, number, .. } = root.root();
    let digest = loom_source::Digest::of(&root.to_bytes());
    let document = json!({"schema": 1, "mirror": mirror, "root": number, "sha256": digest});
    context.printer.answer(&document, || {
        format!("{documents}/{}\nsha256 {digest}", MirrorRoot::path(*number))
    })?;
    context.printer.message(format!(
        "now issue the index under this root: `loom mirror index {documents} --refresh --key FILE`"
    ));
    Ok(Exit::Success)
}

/// What the draft is, and who has signed it.
fn answer(context: &Context, file: &Path, draft: &SignedDocument) -> Result<(), CommandError> {
    let root = mirror::read_draft(draft)?;
    let role = |role: &MirrorRole| json!({"keys": role.keys, "threshold": role.threshold});
    let document = json!({
        "schema": 1, "file": shown(file), "mirror": root.mirror, "root": root.number,
        "authorities": root.authorities, "signatures": draft.signatures.len(),
        "roles": {
            "root": role(&root.roles.root), "index": role(&root.roles.index),
            "timestamp": root.roles.timestamp.as_ref().map(role),
        },
    });
    context.printer.answer(&document, || {
        let line = |name: &str, role: &MirrorRole| {
            let keys: Vec<String> = role.keys.iter().map(|key| key.short()).collect();
            format!("  {name}: {} of {}\n", role.threshold, keys.join(", "))
        };
        let MirrorRoot { number, roles, .. } = &root;
        let mut text =
            format!("{}: root {number}, {} signatures\n", file.display(), draft.signatures.len());
        text += &line("root", &roles.root);
        text += &line("index", &roles.index);
        text += &roles.timestamp.as_ref().map(|role| line("timestamp", role)).unwrap_or_default();
        text
    })
}

fn read_draft(file: &Path) -> Result<SignedDocument, CommandError> {
    let limit = SignedKind::Root.max_bytes() as u64;
    let wrong = |why: String| {
        CommandError::new(Exit::Usage, format!("{} is no draft of a root: {why}", file.display()))
            .hint("`loom mirror root new` writes one")
    };
    let bytes = bounded_file::read(file, limit).map_err(|e| wrong(e.to_string()))?;
    SignedDocument::parse(SignedKind::Root, &bytes).map_err(|e| wrong(e.to_string()))
}

fn write_draft(file: &Path, draft: &SignedDocument) -> Result<(), CommandError> {
    atomic_file::replace(file, &draft.to_bytes(SignedKind::Root), Durability::Synced).map_err(|e| {
        CommandError::new(Exit::Failure, format!("could not write {}: {e}", file.display()))
            .hint("check the permissions of its folder")
    })
}

/// The public key in a PEM file, or the one of the secret key in it.
fn public_key(file: &Path) -> Result<DocumentPublicKey, CommandError> {
    let wrong = |why: String| MirrorTaskError::KeyFile { path: file.to_owned(), why };
    let text = fs::read_to_string(file).map_err(|e| wrong(e.to_string()))?;
    let secret = || DocumentSecretKey::from_pem(&text).map(|key| key.public());
    let key = DocumentPublicKey::from_pem(&text).or_else(|error| secret().map_err(|_| error));
    Ok(key.map_err(|e| wrong(e.to_string()))?)
}
