//! [`RuntimeLayer`]: the argument of `--runtime-layer`.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    str::FromStr,
};

use loom_runtime::mirror::RuntimeLayers;
use loom_source::Platform;

/// The argument of `--runtime-layer`: `[PLATFORM=]FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RuntimeLayer {
    /// The platform; `None` for all.
    platform: Option<Platform>,
    file: PathBuf,
}

impl FromStr for RuntimeLayer {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = text.split_once('=').and_then(|(name, file)| Some((name.parse().ok()?, file)));
        Ok(match named {
            Some((platform, file)) => Self { platform: Some(platform), file: file.into() },
            None => Self { platform: None, file: text.into() },
        })
    }
}

/// The files by the platforms that they are for: one that names its platform comes before one for all.
pub(super) fn by_platform(layers: &[RuntimeLayer], cwd: &Path) -> RuntimeLayers {
    let (named, of_all): (Vec<_>, Vec<_>) =
        layers.iter().partition(|layer| layer.platform.is_some());
    let mut files = RuntimeLayers::new();
    for layer in of_all.into_iter().chain(named) {
        let platforms = layer.platform.map_or_else(|| Platform::ALL.to_vec(), |one| vec![one]);
        files.extend(platforms.into_iter().map(|platform| (platform, cwd.join(&layer.file))));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_for_one_platform_or_for_all() {
        let layer = |text: &str| text.parse::<RuntimeLayer>().unwrap();
        let layers = [layer("linux-aarch64=arm.tar"), layer("glibc.tar"), layer("a=b.tar")];
        assert_eq!(layers[2].file, Path::new("a=b.tar"));
        let files = by_platform(&layers[..2], Path::new("/x"));
        assert_eq!(files[&Platform::LinuxAarch64], Path::new("/x/arm.tar"));
        assert_eq!(files[&Platform::LinuxX86_64], Path::new("/x/glibc.tar"));
    }
}
