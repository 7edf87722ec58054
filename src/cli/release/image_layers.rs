//! [`ImageLayers`]: the files with the layers that images get besides their programs.

use std::path::Path;

use loom_oci::publish::RuntimeLayerFile;
use loom_runtime::{
    mirror::{self, ImageParts, StoreRelease},
    release::{ElfLinks, LibraryLayer},
};
use loom_source::Platform;
use tempfile::TempDir;

use super::{
    runtime_layer::{self, LayerOrigin, RuntimeLayer},
    unpacked_folder::{UnpackedFolder, unstaged},
};
use crate::cli::{CommandError, context::Context};

/// The root of this system, whose libraries are taken.
const SYSTEM: &str = "/";

/// What the images of binaries may have, as they are transferred, in bytes. People start the server where a network is slow:
/// its C library has 1.5 MB of it. `loom`, with all kinds of sources and signatures, has 10.6 MB and the same C library; it
/// runs in CI and before containers start, on machines that mostly have the image since the run before.
const LARGEST: [(&str, u64); 2] = [("loom-bridge-server", 6_000_000), ("loom", 13_000_000)];

/// The files with the layers. Those that were made are removed when the value is dropped.
pub(super) struct ImageLayers {
    pub(super) parts: ImageParts,
    _work: TempDir,
}

impl ImageLayers {
    /// The layers for the releases of a folder, and warnings about images that do not run or are large.
    pub(super) fn new(
        layers: &[RuntimeLayer],
        context: &Context,
        unpacked: &UnpackedFolder,
    ) -> Result<Self, CommandError> {
        let work = tempfile::tempdir().map_err(|error| unstaged(&error))?;
        let origins = runtime_layer::by_platform(layers);
        let cwd = context.cwd()?;
        let mut parts = ImageParts::default();
        for one in unpacked.releases.iter().filter(|one| is_linux(one.release.platform)) {
            let platform = one.release.platform;
            let program = program(unpacked, one);
            let layer = match origins.get(&platform) {
                Some(LayerOrigin::File(file)) => {
                    Some(RuntimeLayerFile { path: cwd.join(file), yields: false })
                }
                Some(LayerOrigin::System) => made(&program, platform, work.path(), context)?,
                None => {
                    warn_of_libraries(context, one, &program);
                    None
                }
            };
            parts.layers.extend(layer.map(|layer| (platform, layer)));
            warn_of_size(context, unpacked, one, &parts)?;
        }
        Ok(Self { parts, _work: work })
    }
}

/// The program of a release.
fn program(unpacked: &UnpackedFolder, one: &StoreRelease) -> std::path::PathBuf {
    let statement = one.statement_document();
    unpacked.store.tree(&statement.tree).join(&statement.entry)
}

/// The layer that a program needs of this system; `None` where it needs none. An image that was published with that of another
/// system stays as it is.
fn made(
    program: &Path,
    platform: Platform,
    work: &Path,
    context: &Context,
) -> Result<Option<RuntimeLayerFile>, CommandError> {
    let Some(layer) = LibraryLayer::of(program, platform, Path::new(SYSTEM))? else {
        return Ok(None);
    };
    let path = work.join(format!("{platform}.tar.gz"));
    layer.write(&path)?;
    let paths: Vec<&str> = layer.paths().collect();
    context.printer.detail(format!("the image for {platform} gets {}", paths.join(", ")));
    Ok(Some(RuntimeLayerFile { path, yields: true }))
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
    unpacked: &UnpackedFolder,
    one: &StoreRelease,
    parts: &ImageParts,
) -> Result<(), CommandError> {
    let binary = one.release.binary.as_ref();
    let limit = LARGEST.iter().find(|(limited, _)| *limited == binary);
    let Some((_, limit)) = limit else { return Ok(()) };
    let size = mirror::image_size(one, &unpacked.store, parts)?;
    if size > *limit {
        context.printer.warning(format!(
            "the image of {} has {:.1} MB, compressed; one of {binary} is to have {} MB at most",
            one.release,
            megabytes(size),
            limit / 1_000_000,
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
