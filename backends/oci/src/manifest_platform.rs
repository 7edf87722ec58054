//! The platform of a manifest.

use loom_source::Platform;

use crate::{
    manifest::Descriptor,
    mapping::{PLATFORM, go_platform},
};

/// The platform of a manifest by its descriptor: the annotation, else the operating system and architecture. `None` for
/// descriptors of something else, such as attestations.
pub(crate) fn platform_of(descriptor: &Descriptor) -> Option<Platform> {
    if let Some(text) = descriptor.annotations.get(PLATFORM) {
        return text.parse().ok();
    }
    let stated = descriptor.platform.as_ref()?;
    let is_stated = |platform: &Platform| {
        go_platform(*platform) == (stated.os.as_str(), stated.architecture.as_str())
    };
    Platform::ALL.into_iter().find(is_stated)
}
