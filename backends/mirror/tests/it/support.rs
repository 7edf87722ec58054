//! Options for the S3 servers of the tests, and bundles.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use loom_mirror::{
    ObjectOptions,
    bundle::{BundleContent, BundleWriter},
};
use loom_test_support::s3::KEY;

/// Options with which a mirror sends requests to the S3 server at `address` (`host:port`), signed with this secret.
pub(crate) fn s3_options(address: impl std::fmt::Display, secret: &str) -> ObjectOptions {
    let variables = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", secret)];
    ObjectOptions {
        endpoint: Some(format!("http://{address}").parse().unwrap()),
        variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned().into())).into(),
        ..ObjectOptions::default()
    }
}

/// Writes the files of `folder` into a bundle beside it, in place of an earlier one; returns its path.
pub(crate) fn bundle_of(folder: &Path) -> io::Result<PathBuf> {
    let mut writer = BundleWriter::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let key = path.strip_prefix(folder).map_err(io::Error::other)?;
                writer.add(key.to_str().unwrap(), BundleContent::File(path.clone()));
            }
        }
    }
    let path = folder.with_extension("loombundle");
    let temporary = folder.with_extension("new");
    writer.write(&mut File::create(&temporary)?).map_err(io::Error::other)?;
    fs::rename(temporary, &path)?;
    Ok(path)
}
