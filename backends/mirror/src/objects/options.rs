//! What an object store is asked with: plain values, collected by the caller.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// The variables of the three ecosystems that are read, by the names that their own tools know them by.
///
/// Those that would turn off TLS or checks are not among them: that is for the source's own settings.
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

/// What an object store is asked with.
#[derive(Debug, Clone, Default)]
pub struct ObjectOptions {
    /// Ask without credentials, whatever there are.
    pub anonymous: bool,
    /// The region of the bucket.
    pub region: Option<String>,
    /// The address of the service, where it is not the provider's own.
    pub endpoint: Option<Url>,
    /// `endpoint/bucket/…` instead of `bucket.endpoint/…`.
    pub path_style: bool,
    /// The values of those [`VARIABLES`] that are set.
    pub variables: BTreeMap<String, SecretString>,
    /// Why there are no keys among them though there should be: a profile that was named and holds none.
    pub unusable: Option<String>,
}

impl ObjectOptions {
    /// A variable's value, where it is set to something.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name)?.expose_secret().trim();
        (!value.is_empty()).then_some(value)
    }

    /// The first of several variables that is set, and its name.
    pub(crate) fn first<'a>(&self, names: &[&'a str]) -> Option<(&'a str, &str)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_show_nowhere() {
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
