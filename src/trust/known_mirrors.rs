//! [`KnownMirrors`]: the mirrors whose signed index counts now.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use loom_source::record::{KeyId, MirrorId};

/// A mirror of which a root is known, and what its newest root says of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownMirror {
    /// The mirror.
    pub mirror: MirrorId,
    /// The keys that may sign its index.
    pub keys: Vec<KeyId>,
    /// How many of them have to sign it.
    pub threshold: u32,
}

/// The mirrors whose signed index counts now; none by default. Cloning is cheap.
///
/// They are read when the first decision depends on them: most verifications are by no index, and need no file.
#[derive(Clone, Default)]
pub struct KnownMirrors(Option<Arc<LazyMirrors>>);

struct LazyMirrors {
    mirrors: OnceLock<Vec<KnownMirror>>,
    read: Box<dyn Fn() -> Vec<KnownMirror> + Send + Sync>,
}

impl KnownMirrors {
    /// The mirrors that `read` returns, which is called at most once.
    pub fn read_by(read: impl Fn() -> Vec<KnownMirror> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(LazyMirrors { mirrors: OnceLock::new(), read: Box::new(read) })))
    }

    /// Whether what is known of a mirror `counts`: of one of its sources, where several have it.
    pub(super) fn any(&self, mirror: MirrorId, counts: impl Fn(&KnownMirror) -> bool) -> bool {
        let Some(lazy) = &self.0 else { return false };
        let mirrors = lazy.mirrors.get_or_init(|| (lazy.read)());
        mirrors.iter().any(|known| known.mirror == mirror && counts(known))
    }
}

impl fmt::Debug for KnownMirrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KnownMirrors")
            .field(&self.0.as_ref().and_then(|lazy| lazy.mirrors.get()))
            .finish()
    }
}
