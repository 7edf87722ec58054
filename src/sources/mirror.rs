//! Opens sources of type `mirror`: a folder, a web server or a bucket.

use loom_http::{Journal, NetworkSettings};
use loom_mirror::{
    Destination, Mirror, MirrorError, MirrorLayout, MirrorOptions, open_destination,
};
use loom_source::{Scheme, Source};

use super::{
    AnswerLimit, Bounded, Candidate, OpenError, Opener, Reach, SourceClass, netrc_file,
    object_store,
};
use crate::{
    config::{Layout, MirrorSource, SourceKind, SourceSpec},
    trust::Channel,
};

impl Opener {
    /// Opens the mirror that `spec` describes for writing. No request is sent.
    ///
    /// # Errors
    /// If the settings are wrong, and [`MirrorError::ReadOnly`] if it is no mirror, or one on a web server.
    pub fn open_destination(
        &self,
        spec: &SourceSpec,
        journal: Journal,
    ) -> Result<Box<dyn Destination>, OpenError> {
        let SourceKind::Mirror(mirror) = &spec.kind else {
            return Err(MirrorError::ReadOnly { location: spec.kind.to_string() }.into());
        };
        let options = options(self, spec, mirror, journal, true)?;
        Ok(open_destination(mirror.url.clone(), options)?)
    }
}

/// Opens the mirror. No request is sent.
pub(super) fn open(
    opener: &Opener,
    spec: &SourceSpec,
    mirror: &MirrorSource,
    journal: Journal,
) -> Result<Candidate, OpenError> {
    let (scheme, url) = (mirror.scheme(), &mirror.url);
    let netrc = if opener.uses_netrc(mirror) { opener.netrc() } else { None };
    let url = netrc_file::with_login(netrc.as_ref(), url).into_owned();
    let open_as = |is_reached| -> Result<Mirror, OpenError> {
        let options = options(opener, spec, mirror, journal.clone(), is_reached)?;
        Ok(Mirror::open(url.clone(), options)?)
    };
    // Variables of the environment may name the endpoint of a bucket: whether that is on this machine is known afterwards.
    let mut opened = open_as(opener.network.reaches(false))?;
    if opener.network.offline && opened.is_local() {
        opened = open_as(true)?;
    }
    let mirror = opened;
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

/// The options of a mirror.
fn options(
    opener: &Opener,
    spec: &SourceSpec,
    mirror: &MirrorSource,
    journal: Journal,
    is_reached: bool,
) -> Result<MirrorOptions, OpenError> {
    let MirrorSource { layout, assets, .. } = mirror;
    Ok(MirrorOptions {
        layout: match layout {
            None => MirrorLayout::Probe,
            Some(Layout::Store) => MirrorLayout::Store,
            Some(Layout::Release) => MirrorLayout::Release,
        },
        assets: assets.clone(),
        // A folder needs neither proxies nor certificates: wrong ones are no reason not to read it.
        network: match mirror.scheme() {
            Some(Scheme::File) => NetworkSettings::default(),
            _ => opener.network.settings(spec, journal, is_reached)?,
        },
        authorization: None,
        objects: object_store::options(mirror, &opener.env, opener.home.as_deref()),
    })
}
