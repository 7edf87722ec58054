//! The client of `object_store` for a bucket, with the credentials in the options.

use std::sync::Arc;

use object_store::{
    ObjectStore, RetryConfig, StaticCredentialProvider,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::{GcpCredential, GoogleCloudStorageBuilder, GoogleConfigKey},
    list::PaginatedListStore,
};

use super::{
    bucket_endpoint::{BucketEndpoint, azure_account, region},
    bucket_url::{BucketProvider, BucketUrl},
    connector::BucketConnector,
    credential_file,
    options::ObjectOptions,
};

/// A client of `object_store` that reads objects and lists pages.
pub(super) trait BucketClient: ObjectStore + PaginatedListStore {}

impl<T: ObjectStore + PaginatedListStore> BucketClient for T {}

/// Opens the client of a bucket, or returns the reason why there are no credentials. Files of credentials are checked
/// here, and read here or before the first request.
pub(super) fn open(
    bucket: &BucketUrl,
    endpoint: &BucketEndpoint,
    options: &ObjectOptions,
    connector: BucketConnector,
) -> Result<Box<dyn BucketClient>, String> {
    match bucket.provider {
        BucketProvider::S3 => s3(bucket, endpoint, options, connector),
        BucketProvider::Google => google(bucket, endpoint, options, connector),
        BucketProvider::Azure => azure(bucket, endpoint, options, connector),
    }
}

/// No retry: `loom-http` retries below the connector.
fn no_retry() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

fn boxed<T: BucketClient + 'static>(
    built: object_store::Result<T>,
) -> Result<Box<dyn BucketClient>, String> {
    built.map(|client| Box::new(client) as Box<dyn BucketClient>).map_err(|e| e.to_string())
}

/// The values of the variables that are set, by the names that `object_store` has for them.
fn configured<'a, K: std::str::FromStr>(
    options: &'a ObjectOptions,
    names: &'a [(&'a str, &'a str)],
) -> impl Iterator<Item = (K, &'a str)> {
    names.iter().filter_map(|(name, key)| Some((key.parse().ok()?, options.get(name)?)))
}

/// Variables about credentials, with the names that `object_store` has for them.
const S3_VARIABLES: [(&str, &str); 13] = [
    ("AWS_ACCESS_KEY_ID", "aws_access_key_id"),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "aws_container_authorization_token_file"),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "aws_container_credentials_full_uri"),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "aws_container_credentials_relative_uri"),
    ("AWS_ENDPOINT_URL_STS", "aws_endpoint_url_sts"),
    ("AWS_IMDSV1_FALLBACK", "aws_imdsv1_fallback"),
    ("AWS_METADATA_ENDPOINT", "aws_metadata_endpoint"),
    ("AWS_REQUEST_PAYER", "aws_request_payer"),
    ("AWS_ROLE_ARN", "aws_role_arn"),
    ("AWS_ROLE_SESSION_NAME", "aws_role_session_name"),
    ("AWS_SECRET_ACCESS_KEY", "aws_secret_access_key"),
    ("AWS_SESSION_TOKEN", "aws_session_token"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "aws_web_identity_token_file"),
];

fn s3(
    bucket: &BucketUrl,
    endpoint: &BucketEndpoint,
    options: &ObjectOptions,
    connector: BucketConnector,
) -> Result<Box<dyn BucketClient>, String> {
    if !options.anonymous {
        check_s3_credentials(options)?;
    }
    let builder = AmazonS3Builder::new()
        .with_bucket_name(&bucket.bucket)
        .with_region(region(options))
        .with_endpoint(endpoint.text())
        .with_virtual_hosted_style_request(endpoint.holds_bucket)
        .with_skip_signature(options.anonymous)
        .with_retry(no_retry())
        .with_http_connector(connector);
    let set = |builder: AmazonS3Builder, (key, value): (AmazonS3ConfigKey, &str)| {
        builder.with_config(key, value)
    };
    boxed(configured(options, &S3_VARIABLES).fold(builder, set).build())
}

/// Checks that credentials can be obtained: from keys, a web identity, the role of a container, or else the role of this
/// machine, unless its metadata service is disabled.
fn check_s3_credentials(options: &ObjectOptions) -> Result<(), String> {
    let has = |names: &[&str]| options.first(names).is_some();
    if has(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) {
        return Ok(());
    }
    if let Some(why) = &options.unusable {
        return Err(why.clone());
    }
    if has(&["AWS_WEB_IDENTITY_TOKEN_FILE"]) && has(&["AWS_ROLE_ARN"]) {
        return credential_file::check(options, "AWS_WEB_IDENTITY_TOKEN_FILE");
    }
    if has(&["AWS_CONTAINER_CREDENTIALS_FULL_URI"]) {
        credential_file::check(options, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")?;
    }
    let roles = [
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ];
    let disabled = options.get("AWS_EC2_METADATA_DISABLED");
    if disabled.is_some_and(|text| text.eq_ignore_ascii_case("true")) && !has(&roles) {
        return Err("neither the environment nor the profile holds any".to_owned());
    }
    Ok(())
}

/// Variables about credentials, with the names that `object_store` has for them.
const GOOGLE_VARIABLES: [(&str, &str); 3] = [
    ("GOOGLE_APPLICATION_CREDENTIALS", "google_application_credentials"),
    ("GOOGLE_SERVICE_ACCOUNT", "google_service_account"),
    ("GOOGLE_SERVICE_ACCOUNT_KEY", "google_service_account_key"),
];

fn google(
    bucket: &BucketUrl,
    endpoint: &BucketEndpoint,
    options: &ObjectOptions,
    connector: BucketConnector,
) -> Result<Box<dyn BucketClient>, String> {
    // Google's own tools send no credentials to an emulator.
    let other_endpoint = options.endpoint.is_some() || options.get("GOOGLE_BASE_URL").is_some();
    let anonymous =
        options.anonymous || (!other_endpoint && options.get("STORAGE_EMULATOR_HOST").is_some());
    let builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(&bucket.bucket)
        .with_base_url(endpoint.text())
        .with_skip_signature(anonymous)
        .with_retry(no_retry())
        .with_http_connector(connector);
    if anonymous {
        // Without a provider of credentials, `object_store` would search for files of credentials.
        let empty = StaticCredentialProvider::new(GcpCredential { bearer: String::new() });
        return boxed(builder.with_credentials(Arc::new(empty)).build());
    }
    for variable in ["GOOGLE_SERVICE_ACCOUNT", "GOOGLE_APPLICATION_CREDENTIALS"] {
        credential_file::check(options, variable)?;
    }
    let set = |builder: GoogleCloudStorageBuilder, (key, value): (GoogleConfigKey, &str)| {
        builder.with_config(key, value)
    };
    boxed(configured(options, &GOOGLE_VARIABLES).fold(builder, set).build())
}

/// Variables about credentials, with the names that `object_store` has for them.
const AZURE_VARIABLES: [(&str, &str); 18] = [
    ("AZURE_AUTHORITY_HOST", "azure_authority_host"),
    ("AZURE_CLIENT_ID", "azure_client_id"),
    ("AZURE_CLIENT_SECRET", "azure_client_secret"),
    ("AZURE_FEDERATED_TOKEN_FILE", "azure_federated_token_file"),
    ("AZURE_IDENTITY_ENDPOINT", "azure_identity_endpoint"),
    ("AZURE_MSI_ENDPOINT", "azure_msi_endpoint"),
    ("AZURE_MSI_RESOURCE_ID", "azure_msi_resource_id"),
    ("AZURE_OBJECT_ID", "azure_object_id"),
    ("AZURE_STORAGE_ACCESS_KEY", "azure_storage_access_key"),
    ("AZURE_STORAGE_ACCOUNT_KEY", "azure_storage_account_key"),
    ("AZURE_STORAGE_CLIENT_ID", "azure_storage_client_id"),
    ("AZURE_STORAGE_CLIENT_SECRET", "azure_storage_client_secret"),
    ("AZURE_STORAGE_KEY", "azure_storage_account_key"),
    ("AZURE_STORAGE_SAS_KEY", "azure_storage_sas_key"),
    ("AZURE_STORAGE_SAS_TOKEN", "azure_storage_sas_token"),
    ("AZURE_STORAGE_TENANT_ID", "azure_storage_tenant_id"),
    ("AZURE_STORAGE_TOKEN", "azure_storage_token"),
    ("AZURE_TENANT_ID", "azure_tenant_id"),
];

/// Variables that take precedence over a file with a token.
const AZURE_KEYS: [&str; 4] = [
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_TOKEN",
];

fn azure(
    bucket: &BucketUrl,
    endpoint: &BucketEndpoint,
    options: &ObjectOptions,
    connector: BucketConnector,
) -> Result<Box<dyn BucketClient>, String> {
    let account = azure_account(options).ok_or("there is no storage account")?;
    if !options.anonymous && !AZURE_KEYS.iter().any(|name| options.get(name).is_some()) {
        credential_file::check(options, "AZURE_FEDERATED_TOKEN_FILE")?;
    }
    let builder = MicrosoftAzureBuilder::new()
        .with_account(account)
        .with_container_name(&bucket.bucket)
        .with_endpoint(endpoint.text().to_owned())
        .with_skip_signature(options.anonymous)
        .with_retry(no_retry())
        .with_http_connector(connector);
    let set = |builder: MicrosoftAzureBuilder, (key, value): (AzureConfigKey, &str)| {
        builder.with_config(key, value)
    };
    boxed(configured(options, &AZURE_VARIABLES).fold(builder, set).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::VARIABLES;

    #[test]
    fn every_variable_is_known_to_object_store_and_in_the_list() {
        for (name, key) in S3_VARIABLES {
            assert!(key.parse::<AmazonS3ConfigKey>().is_ok(), "{key}");
            assert!(VARIABLES.contains(&name), "{name}");
        }
        for (name, key) in GOOGLE_VARIABLES {
            assert!(key.parse::<GoogleConfigKey>().is_ok(), "{key}");
            assert!(VARIABLES.contains(&name), "{name}");
        }
        for (name, key) in AZURE_VARIABLES {
            assert!(key.parse::<AzureConfigKey>().is_ok(), "{key}");
            assert!(VARIABLES.contains(&name), "{name}");
        }
    }
}
