//! `loom mirror init --to URL --keys DIR`

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use loom_base::token::random_token;
use loom_signatures::document::DocumentPublicKey;
use loom_source::{Authority, record::MirrorRoot};
use serde_json::json;

use super::mirror_location::MirrorLocation;
use crate::cli::writer_args::{days, index_line};
use crate::cli::{CommandError, Exit, Outcome, context::Context, path_text::shown};
use loom_runtime::{
    acquire::SourceRuntime,
    config::Flags,
    mirror::{
        self, FirstRoot, IndexWriter, MirrorTaskError, Refresh, RoleKeys, SigningKeys,
        write_new_key,
    },
};

/// Arguments of `loom mirror init`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The mirror: the name of a configured source, a folder, s3://…, gs://…, az://…, a registry (oci://HOST/REPOSITORY) or
    /// an image layout (oci-layout:FOLDER)
    #[arg(long, value_name = "URL")]
    to: MirrorLocation,
    /// Folder for the secret keys; it is made where it does not exist
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    /// Authority for whose releases the mirror vouches; may be repeated [default: loom-os]
    #[arg(long = "authority", value_name = "NAME")]
    authorities: Vec<Authority>,
    /// Let a key of its own keep the index valid, that cannot add releases
    #[arg(long)]
    timestamp: bool,
    /// How many keys for roots are made
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
    root_keys: u32,
    /// How many of the keys for roots have to sign a root
    #[arg(long, value_name = "N", default_value_t = 1)]
    root_threshold: u32,
    /// How many keys for the index are made
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
    index_keys: u32,
    /// How many of the keys for the index have to sign it
    #[arg(long, value_name = "N", default_value_t = 1)]
    index_threshold: u32,
    /// How long the root is valid
    #[arg(long, value_name = "DURATION", default_value = "366d", value_parser = days)]
    root_expires: Duration,
    /// How long the first index is valid
    #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = days)]
    expires: Duration,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    // Before any key is made: keys that are there keep the command from being repeated.
    check_threshold("root", args.root_threshold, args.root_keys)?;
    check_threshold("index", args.index_threshold, args.index_keys)?;
    let resolved = context.resolve(Flags::default())?;
    let documents = args.to.documents(context, &resolved)?;
    let runtime = SourceRuntime::default();
    let existing = runtime.block_on(mirror::newest_root(documents.as_ref(), 1))??;
    if existing.is_some() {
        let mirror = documents.to_string();
        return Err(MirrorTaskError::RootExists { mirror, number: 1 }.into());
    }
    let folder = context.cwd()?.join(&args.keys);
    let shown_mirror = documents.to_string();
    let schemes = ["file://", "oci-layout:"];
    let path = schemes.iter().find_map(|scheme| shown_mirror.strip_prefix(scheme));
    if folder.starts_with(path.unwrap_or(&shown_mirror)) {
        let message = format!("{} is in the mirror, which others read", folder.display());
        return Err(
            CommandError::new(Exit::Usage, message).hint("give a folder outside of it with --keys")
        );
    }
    create_folder(&folder)?;
    let files = GeneratedKeys::write(&folder, args)?;
    let authorities = match args.authorities.as_slice() {
        [] => vec![resolved.authority.value.clone()],
        some => some.to_vec(),
    };
    let first = FirstRoot {
        authorities,
        root: files.role(&files.root, args.root_threshold),
        index: files.role(&files.index, args.index_threshold),
        timestamp: args.timestamp.then(|| files.role(&files.timestamp, 1)),
        validity: args.root_expires,
    };
    let id = random_token().ok().and_then(|token| token.parse().ok());
    let id = id.ok_or_else(|| CommandError::new(Exit::Failure, "no random bytes"))?;
    let mut draft = first.draft(id)?;
    let keys = SigningKeys::read(files.all().map(PathBuf::as_path))?;
    mirror::sign_root(&mut draft, &SigningKeys::read(files.root.iter().map(PathBuf::as_path))?)?;
    let written = runtime.block_on(async {
        let root = mirror::publish_root(documents.as_ref(), &draft).await?;
        let writer = IndexWriter {
            documents: documents.as_ref(),
            keys: &keys,
            validity: args.expires,
            timestamp_validity: args.expires.min(Duration::from_secs(7 * 24 * 3600)),
        };
        let index = writer.write(&mut Refresh::default()).await?;
        Ok::<_, MirrorTaskError>((root, index))
    })?;
    let (root, index) = written?;
    let digest = loom_source::Digest::of(&root.to_bytes());
    let names: Vec<_> = files.all().map(|path| shown(path)).collect();
    let document = json!({
        "schema": 1, "mirror": root.root().mirror, "root": root.root().number,
        "sha256": digest, "keys": names, "index": index.serial,
    });
    context.printer.answer(&document, || {
        let files: String =
            files.all().map(|path| format!("secret key {}\n", path.display())).collect();
        let path = MirrorRoot::path(root.root().number);
        format!("{files}{documents}/{path}\nsha256 {digest}\n{}", index_line(&index))
    })?;
    context.printer.message(
        "keep the keys of the root offline; readers trust the mirror by `loom trust add-root` with this file and digest",
    );
    Ok(Exit::Success)
}

/// Refuses a threshold that the keys of a role cannot reach.
fn check_threshold(role: &str, threshold: u32, keys: u32) -> Result<(), CommandError> {
    if (1..=keys).contains(&threshold) {
        return Ok(());
    }
    let message = format!("expected --{role}-threshold between 1 and {keys}, got {threshold}");
    let hint = format!("--{role}-keys says how many keys are made");
    Err(CommandError::new(Exit::Usage, message).hint(hint))
}

/// The files of the keys.
struct GeneratedKeys {
    root: Vec<PathBuf>,
    index: Vec<PathBuf>,
    timestamp: Vec<PathBuf>,
    public: Vec<(PathBuf, DocumentPublicKey)>,
}

impl GeneratedKeys {
    /// Makes the keys. Where a file is there, nothing is made.
    fn write(folder: &Path, args: &Args) -> Result<Self, CommandError> {
        let names = |role: &str, count: u32| -> Vec<PathBuf> {
            match count {
                1 => vec![folder.join(format!("{role}.pem"))],
                count => (1..=count).map(|n| folder.join(format!("{role}-{n}.pem"))).collect(),
            }
        };
        let mut files = Self {
            root: names("root", args.root_keys),
            index: names("index", args.index_keys),
            timestamp: if args.timestamp { names("timestamp", 1) } else { Vec::new() },
            public: Vec::new(),
        };
        if let Some(path) = files.all().find(|path| path.exists()) {
            let (path, why) = (path.clone(), "the file exists".to_owned());
            return Err(MirrorTaskError::KeyFile { path, why }.into());
        }
        let all: Vec<PathBuf> = files.all().cloned().collect();
        for path in all {
            let key = write_new_key(&path)?;
            files.public.push((path, key.public()));
        }
        Ok(files)
    }

    fn all(&self) -> impl Iterator<Item = &PathBuf> {
        self.root.iter().chain(&self.index).chain(&self.timestamp)
    }

    fn role(&self, paths: &[PathBuf], threshold: u32) -> RoleKeys {
        let keys = self.public.iter().filter(|(path, _)| paths.contains(path));
        RoleKeys { keys: keys.map(|(_, key)| *key).collect(), threshold }
    }
}

/// Makes a folder that only its owner can enter; one that is there stays as it is.
fn create_folder(folder: &Path) -> Result<(), CommandError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|e| {
        CommandError::new(Exit::Failure, format!("could not make {}: {e}", folder.display()))
            .hint("give a folder that can be written with --keys")
    })
}
