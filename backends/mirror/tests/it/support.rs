//! Options for the S3 servers of the tests.

use loom_mirror::ObjectOptions;
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
