//! [`RuntimeLayer`]: the argument of `--runtime-layer`.

use std::{collections::BTreeMap, convert::Infallible, path::PathBuf, str::FromStr};

use loom_source::Platform;

/// The argument for a layer that is made.
const AUTO: &str = "auto";

/// The argument of `--runtime-layer`: `[PLATFORM=]auto|FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuntimeLayer {
    /// The platform; `None` for all.
    platform: Option<Platform>,
    origin: LayerOrigin,
}

/// Where a layer is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LayerOrigin {
    /// It is made of what the program needs of this system.
    System,
    /// It is in a file.
    File(PathBuf),
}

impl FromStr for RuntimeLayer {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = text.split_once('=').and_then(|(name, file)| Some((name.parse().ok()?, file)));
        let (platform, origin) = named.map_or((None, text), |(name, file)| (Some(name), file));
        let origin = match origin {
            AUTO => LayerOrigin::System,
            file => LayerOrigin::File(file.into()),
        };
        Ok(Self { platform, origin })
    }
}

/// The layers by the platforms that they are for: one that names its platform comes before one for all.
pub(crate) fn by_platform(layers: &[RuntimeLayer]) -> BTreeMap<Platform, &LayerOrigin> {
    let (named, of_all): (Vec<_>, Vec<_>) =
        layers.iter().partition(|layer| layer.platform.is_some());
    let mut origins = BTreeMap::new();
    for layer in of_all.into_iter().chain(named) {
        let platforms = layer.platform.map_or_else(|| Platform::ALL.to_vec(), |one| vec![one]);
        origins.extend(platforms.into_iter().map(|platform| (platform, &layer.origin)));
    }
    origins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_for_one_platform_or_for_all() {
        let layer = |text: &str| text.parse::<RuntimeLayer>().unwrap();
        let layers =
            [layer("linux-aarch64=arm.tar"), layer("auto"), layer("a=b.tar"), layer("./auto")];
        assert_eq!(layers[2].origin, LayerOrigin::File("a=b.tar".into()));
        assert_eq!(layers[3].origin, LayerOrigin::File("./auto".into()));
        let origins = by_platform(&layers[..2]);
        assert_eq!(*origins[&Platform::LinuxAarch64], LayerOrigin::File("arm.tar".into()));
        assert_eq!(*origins[&Platform::LinuxX86_64], LayerOrigin::System);
    }
}
