//! Opens sources of type `mirror`: a folder, a web server or a bucket.

use loom_http::{Journal, NetworkSettings};
use loom_mirror::{Mirror, MirrorLayout, MirrorOptions};
use loom_source::{Scheme, Source};

use super::{
    AnswerLimit, Bounded, Candidate, OpenError, Opener, Reach, SourceClass, netrc_file,
    object_store,
};
use crate::{
    config::{Layout, MirrorSource, SourceSpec},
    trust::Channel,
};

/// Opens the mirror. No request is sent.
pub(super) fn open(
    opener: &Opener,
    spec: &SourceSpec,
    mirror: &MirrorSource,
    journal: Journal,
) -> Result<Candidate, OpenError> {
    let scheme = mirror.scheme();
    let MirrorSource { url, layout, assets, .. } = mirror;
    let options = MirrorOptions {
        layout: match layout {
            None => MirrorLayout::Probe,
            Some(Layout::Store) => MirrorLayout::Store,
            Some(Layout::Release) => MirrorLayout::Release,
        },
        assets: assets.clone(),
        // A folder needs neither proxies nor certificates: wrong ones are no reason not to read it.
        network: match scheme {
            Some(Scheme::File) => NetworkSettings::default(),
            _ => opener.network.settings(spec, journal)?,
        },
        authorization: None,
        objects: object_store::options(mirror, &opener.env, opener.home.as_deref()),
    };
    let netrc = if uses_netrc(mirror) { opener.netrc() } else { None };
    let mirror = Mirror::open(netrc_file::with_login(netrc.as_ref(), url).into_owned(), options)?;
    let reach = match (scheme, mirror.is_local()) {
        (Some(Scheme::File), _) => Reach::Disk,
        (_, true) => Reach::Loopback,
        (_, false) => Reach::Network,
    };
    let class = match scheme {
        Some(Scheme::File) => SourceClass::File,
        Some(Scheme::S3 | Scheme::Gs | Scheme::Az) => SourceClass::ObjectStore,
        _ => SourceClass::Mirror,
    };
    let channel =
        if mirror.is_insecure() { Channel::Unauthenticated } else { Channel::Authenticated };
    // Environment variables can name the endpoint of a bucket, too.
    let address = match mirror.endpoint() {
        Some(endpoint) => format!("{} ({endpoint})", spec.kind.shorthand()),
        None => spec.kind.to_string(),
    };
    let source: Box<dyn Source> = match reach {
        // A folder may be a mount whose server has gone away.
        Reach::Disk => Box::new(Bounded::new(mirror, spec.timeout)),
        Reach::Loopback | Reach::Network => Box::new(AnswerLimit::new(mirror, spec.timeout)),
    };
    Ok(Candidate::of(spec, address, class, channel, reach, source))
}

/// Whether a login for the mirror is looked up in `.netrc`: for web servers whose URL has no password.
pub(super) fn uses_netrc(mirror: &MirrorSource) -> bool {
    matches!(mirror.scheme(), Some(Scheme::Http | Scheme::Https)) && mirror.url.password().is_none()
}
