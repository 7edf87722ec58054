//! [`ImageLayers`]: the files with the layers that images get besides their programs.

use std::path::{Path, PathBuf};

use loom_oci::publish::RuntimeLayerFile;
use loom_runtime::{
    mirror::{self, ImageParts, StoreRelease},
    release::{ElfLinks, LibraryLayer},
    store::Store,
};
use loom_source::Platform;
use tempfile::TempDir;

use super::{
    CommandError, Exit,
    context::Context,
    runtime_layer::{self, LayerOrigin, RuntimeLayer},
};

/// The root of this system, whose libraries are taken.
const SYSTEM: &str = "/";

/// What the images of binaries may have, as they are transferred, in bytes. People start the server where a network is slow:
/// with the history of runs and the export to collectors it has 5.8 MB, and its C library 1.5 MB. `loom`, with all kinds of
/// sources and signatures, has 10.6 MB and the same C library; it runs in CI and before containers start, on machines that mostly
/// have the image since the run before.
const LARGEST: [(&str, u64); 2] = [("loom-bridge-server", 7_500_000), ("loom", 13_000_000)];

/// The options about what images have besides their programs.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ImageArgs {
    /// Layer that images for Linux get besides the program: `auto` for the C library and what else the program needs, from this
    /// system, or a tar archive (.tar, .tar.gz, .tar.zst); may be repeated for several platforms
    #[arg(long = "runtime-layer", value_name = "[PLATFORM=]auto|FILE")]
    runtime_layers: Vec<RuntimeLayer>,
}

impl ImageArgs {
    /// Fails where an option is given, and nothing is written that could have it.
    pub(crate) fn check_unused(&self) -> Result<(), CommandError> {
        if self.runtime_layers.is_empty() {
            return Ok(());
        }
        let message = "--runtime-layer is for images in a registry";
        Err(CommandError::new(Exit::Usage, message).hint("omit it"))
    }
}

/// The files with the layers. Those that were made are removed when the value is dropped.
pub(crate) struct ImageLayers {
    pub(crate) parts: ImageParts,
    _work: TempDir,
}

impl ImageLayers {
    /// `parts` with the layers for releases of a store, and warnings about images that do not run or are large. The image of
    /// another registry stays as it is.
    pub(crate) fn new(
        args: &ImageArgs,
        context: &Context,
        (store, releases): (&Store, &[StoreRelease]),
        mut parts: ImageParts,
    ) -> Result<Self, CommandError> {
        let work = tempfile::tempdir().map_err(|error| unstaged(&error))?;
        let origins = runtime_layer::by_platform(&args.runtime_layers);
        let cwd = context.cwd()?;
        let is_made = |one: &&StoreRelease| {
            is_linux(one.release.platform) && !parts.originals.contains_key(&one.release)
        };
        let made_here: Vec<&StoreRelease> = releases.iter().filter(is_made).collect();
        for (number, one) in made_here.into_iter().enumerate() {
            let platform = one.release.platform;
            if !mirror::is_image(one, store) {
                warn_of_archive(context, one);
                continue;
            }
            let program = program(store, one);
            let layer = match origins.get(&platform) {
                Some(LayerOrigin::File(file)) => {
                    Some(RuntimeLayerFile { path: cwd.join(file), yields: false })
                }
                Some(LayerOrigin::System) => {
                    let file = work.path().join(format!("{number}.tar.gz"));
                    made(&program, platform, file, context)?
                }
                None => {
                    warn_of_libraries(context, one, &program);
                    None
                }
            };
            parts.layers.extend(layer.map(|layer| (one.release.clone(), layer)));
            warn_of_size(context, store, one, &parts)?;
        }
        Ok(Self { parts, _work: work })
    }
}

/// The program of a release.
fn program(store: &Store, one: &StoreRelease) -> PathBuf {
    let statement = one.statement_document();
    store.tree(&statement.tree).join(&statement.entry)
}

/// The layer that a program needs of this system, in the file `path`; `None` where it needs none. An image that was published
/// with that of another system stays as it is.
fn made(
    program: &Path,
    platform: Platform,
    path: PathBuf,
    context: &Context,
) -> Result<Option<RuntimeLayerFile>, CommandError> {
    let Some(layer) = LibraryLayer::of(program, platform, Path::new(SYSTEM))? else {
        return Ok(None);
    };
    layer.write(&path)?;
    let paths: Vec<&str> = layer.paths().collect();
    context.printer.detail(format!("the image for {platform} gets {}", paths.join(", ")));
    Ok(Some(RuntimeLayerFile { path, yields: true }))
}

/// Without its archive, a release is an artifact: `loom` installs it, and nothing runs it.
fn warn_of_archive(context: &Context, one: &StoreRelease) {
    let release = &one.release;
    let to_do = match one.has_layer_archive() {
        true => format!(
            "the store did not keep its archive. Set `keep_archives = true` in [store] and run `loom get {} \
             --force-download --platform {}`, or put it from a source with `loom mirror sync`",
            release.slot, release.platform
        ),
        false => "it was published without a tar.gz or tar.zst archive".to_owned(),
    };
    context.printer.warning(format!(
        "{release} becomes an artifact, which no engine runs: {to_do}. `loom get` is not affected"
    ));
}

fn warn_of_libraries(context: &Context, one: &StoreRelease, program: &Path) {
    if let Ok(Some(ElfLinks { interpreter: Some(interpreter), .. })) = ElfLinks::read(program) {
        context.printer.warning(format!(
            "the image of {} does not run by itself: its program needs {interpreter} and its libraries. `--runtime-layer auto` \
             takes them from this system, `--runtime-layer FILE` from a file; `loom get` is not affected",
            one.release
        ));
    }
}

fn warn_of_size(
    context: &Context,
    store: &Store,
    one: &StoreRelease,
    parts: &ImageParts,
) -> Result<(), CommandError> {
    let binary = one.release.binary.as_ref();
    let limit = LARGEST.iter().find(|(limited, _)| *limited == binary);
    let Some((_, limit)) = limit else { return Ok(()) };
    let size = mirror::image_size(one, store, parts)?;
    if size > *limit {
        context.printer.warning(format!(
            "the image of {} has {:.1} MB, compressed; one of {binary} is to have {} MB at most",
            one.release,
            megabytes(size),
            megabytes(*limit),
        ));
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "for display")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn is_linux(platform: Platform) -> bool {
    matches!(platform, Platform::LinuxX86_64 | Platform::LinuxAarch64)
}

/// No folder for the files.
pub(crate) fn unstaged(error: &std::io::Error) -> CommandError {
    let exit = match error.kind() {
        std::io::ErrorKind::StorageFull => Exit::DiskFull,
        _ => Exit::Failure,
    };
    CommandError::new(exit, format!("no temporary folder could be filled: {error}"))
        .hint("set TMPDIR to a folder with space for unpacked releases and the layers of images")
}
