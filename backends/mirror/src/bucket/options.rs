//! [`ObjectOptions`]: the options for object stores, as values that the caller collects.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// The environment variables of AWS, Azure and Google Cloud whose values are used.
///
/// Variables that disable TLS or its checks are not among them: only the settings of the source can do that.
pub const VARIABLES: [&str; 44] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IMDSV1_FALLBACK",
    "AWS_METADATA_ENDPOINT",
    "AWS_REGION",
    "AWS_REQUEST_PAYER",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_IDENTITY_ENDPOINT",
    "AZURE_MSI_ENDPOINT",
    "AZURE_MSI_RESOURCE_ID",
    "AZURE_OBJECT_ID",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_ACCOUNT",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_ACCOUNT_NAME",
    "AZURE_STORAGE_CLIENT_ID",
    "AZURE_STORAGE_CLIENT_SECRET",
    "AZURE_STORAGE_ENDPOINT",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_TENANT_ID",
    "AZURE_STORAGE_TOKEN",
    "AZURE_TENANT_ID",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_BASE_URL",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "STORAGE_EMULATOR_HOST",
];

/// The options for a mirror in an object store.
///
/// # Examples
/// ```
/// use loom_mirror::{Mirror, MirrorOptions, ObjectOptions};
///
/// let objects = ObjectOptions {
///     anonymous: true,
///     region: Some("eu-west-1".to_owned()),
///     ..ObjectOptions::default()
/// };
/// let options = MirrorOptions { objects, ..MirrorOptions::default() };
/// let mirror = Mirror::open("s3://releases/loom".parse()?, options)?;
/// assert_eq!(mirror.to_string(), "s3://releases/loom");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ObjectOptions {
    /// Whether requests are sent without credentials, even where there are some.
    pub anonymous: bool,
    /// The region of the bucket.
    pub region: Option<String>,
    /// The URL of the service, where it is not the provider's default.
    pub endpoint: Option<Url>,
    /// Whether objects are requested at `endpoint/bucket/…` instead of `bucket.endpoint/…`.
    pub path_style: bool,
    /// The values of those [`VARIABLES`] that are set.
    pub variables: BTreeMap<String, SecretString>,
    /// The reason why the configured profile has no keys, where it has none.
    pub unusable: Option<String>,
}

impl ObjectOptions {
    /// The value of a variable; `None` where it is not set or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name)?.expose_secret().trim();
        (!value.is_empty()).then_some(value)
    }

    /// The name and value of the first of several variables that is set.
    pub(crate) fn first<'a>(&self, names: &[&'a str]) -> Option<(&'a str, &str)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_has_no_values() {
        let secret = |value: &str| SecretString::from(value.to_owned());
        let variables = [("AWS_SECRET_ACCESS_KEY", "s3cret"), ("AWS_REGION", "  ")];
        let options = ObjectOptions {
            variables: variables.map(|(name, value)| (name.to_owned(), secret(value))).into(),
            ..ObjectOptions::default()
        };
        assert!(!format!("{options:?}").contains("s3cret"));
        assert_eq!(options.get("AWS_REGION"), None);
        let first = options.first(&["AWS_REGION", "AWS_SECRET_ACCESS_KEY"]);
        assert_eq!(first, Some(("AWS_SECRET_ACCESS_KEY", "s3cret")));
    }
}
