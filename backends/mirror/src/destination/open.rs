//! [`open_destination`]: the destination of a URL.

use loom_base::redact;
use loom_source::Scheme;
use url::Url;

use super::{Destination, folder::FolderDestination};
use crate::{
    MirrorError, MirrorOptions,
    bucket::{BucketDestination, BucketProvider, BucketUrl},
    mirror::{bucket_endpoint, open_bucket},
};

/// Opens the mirror at `url` for writing: a folder (`file`) or a bucket (`s3`, `gs`, `az`). Nothing is read and no request
/// is sent before the first call; a folder that does not exist is made by the first write.
///
/// # Errors
/// Where the URL or an option cannot be used, and [`MirrorError::ReadOnly`] for a web server.
pub fn open_destination(
    url: Url,
    options: MirrorOptions,
) -> Result<Box<dyn Destination>, MirrorError> {
    let location = || redact::url(&url);
    let scheme: Option<Scheme> = url.scheme().parse().ok();
    if let Some(provider) = scheme.and_then(BucketProvider::of) {
        let bucket = BucketUrl::parse(provider, &url)
            .map_err(|why| MirrorError::Location { location: location(), why })?;
        let endpoint = bucket_endpoint(&bucket, &options)?;
        return Ok(Box::new(BucketDestination::new(open_bucket(bucket, endpoint, options)?)));
    }
    match scheme {
        Some(Scheme::File) => {
            let path = url.to_file_path().map_err(|()| MirrorError::Location {
                location: location(),
                why: "a file:// URL has an absolute path and no host".to_owned(),
            })?;
            Ok(Box::new(FolderDestination::new(path)))
        }
        Some(Scheme::Http | Scheme::Https) => Err(MirrorError::ReadOnly { location: location() }),
        _ => Err(MirrorError::Scheme(url.scheme().to_owned())),
    }
}
