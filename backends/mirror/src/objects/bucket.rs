//! The library's view of a bucket, with the credentials that the caller's values give.

use std::sync::Arc;

use object_store::{
    ObjectStore, RetryConfig, StaticCredentialProvider,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::{GcpCredential, GoogleCloudStorageBuilder, GoogleConfigKey},
    list::PaginatedListStore,
};

use super::{
    ObjectOptions,
    place::{BucketEndpoint, BucketProvider, BucketUrl, region},
    wire::Wire,
};

/// What is asked of a bucket.
pub(super) trait Bucket: ObjectStore + PaginatedListStore {}

impl<T: ObjectStore + PaginatedListStore> Bucket for T {}

/// Opens a bucket, or says why there are no credentials for it. Files of credentials are read here.
pub(super) fn open(
    place: &BucketUrl,
    endpoint: &BucketEndpoint,
    options: &ObjectOptions,
    wire: Wire,
) -> Result<Box<dyn Bucket>, String> {
    match place.provider {
        BucketProvider::S3 => s3(place, endpoint, options, wire),
        BucketProvider::Google => google(place, endpoint, options, wire),
        BucketProvider::Azure => azure(place, endpoint, options, wire),
    }
}

/// Asking again is the network's own business.
fn once() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

fn boxed<T: Bucket + 'static>(built: object_store::Result<T>) -> Result<Box<dyn Bucket>, String> {
    built.map(|bucket| Box::new(bucket) as Box<dyn Bucket>).map_err(|e| e.to_string())
}

/// The variables of one ecosystem that speak of credentials, under the names the library knows them by.
fn known<'a, K: std::str::FromStr>(
    options: &'a ObjectOptions,
    names: &'a [(&'a str, &'a str)],
) -> impl Iterator<Item = (K, &'a str)> {
    names.iter().filter_map(|(name, key)| Some((key.parse().ok()?, options.get(name)?)))
}

const S3: [(&str, &str); 13] = [
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
    place: &BucketUrl,
    endpoint: &BucketEndpoint,
    options: &ObjectOptions,
    wire: Wire,
) -> Result<Box<dyn Bucket>, String> {
    if !options.anonymous {
        s3_credentials(options)?;
    }
    let builder = AmazonS3Builder::new()
        .with_bucket_name(&place.bucket)
        .with_region(region(options))
        .with_endpoint(endpoint.text())
        .with_virtual_hosted_style_request(endpoint.holds_bucket)
        .with_skip_signature(options.anonymous)
        .with_retry(once())
        .with_http_connector(wire);
    let set = |builder: AmazonS3Builder, (key, value): (AmazonS3ConfigKey, &str)| {
        builder.with_config(key, value)
    };
    boxed(known(options, &S3).fold(builder, set).build())
}

/// Whether there is a way to credentials: keys, a web identity, a container's role, else this machine's role.
fn s3_credentials(options: &ObjectOptions) -> Result<(), String> {
    let has = |names: &[&str]| options.first(names).is_some();
    if has(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) {
        return Ok(());
    }
    if let Some(why) = &options.unusable {
        return Err(why.clone());
    }
    let roles = [
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ];
    let off =
        options.get("AWS_EC2_METADATA_DISABLED").is_some_and(|o| o.eq_ignore_ascii_case("true"));
    if off && !has(&roles) {
        return Err("neither the environment nor the profile holds any".to_owned());
    }
    Ok(())
}

const GOOGLE: [(&str, &str); 3] = [
    ("GOOGLE_APPLICATION_CREDENTIALS", "google_application_credentials"),
    ("GOOGLE_SERVICE_ACCOUNT", "google_service_account"),
    ("GOOGLE_SERVICE_ACCOUNT_KEY", "google_service_account_key"),
];

fn google(
    place: &BucketUrl,
    endpoint: &BucketEndpoint,
    options: &ObjectOptions,
    wire: Wire,
) -> Result<Box<dyn Bucket>, String> {
    // Google's own tools ask an emulator without credentials.
    let own = options.endpoint.is_some() || options.get("GOOGLE_BASE_URL").is_some();
    let anonymous = options.anonymous || (!own && options.get("STORAGE_EMULATOR_HOST").is_some());
    let builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(&place.bucket)
        .with_base_url(endpoint.text())
        .with_skip_signature(anonymous)
        .with_retry(once())
        .with_http_connector(wire);
    if anonymous {
        // Otherwise files of credentials would be looked for.
        let nobody = StaticCredentialProvider::new(GcpCredential { bearer: String::new() });
        return boxed(builder.with_credentials(Arc::new(nobody)).build());
    }
    let set = |builder: GoogleCloudStorageBuilder, (key, value): (GoogleConfigKey, &str)| {
        builder.with_config(key, value)
    };
    boxed(known(options, &GOOGLE).fold(builder, set).build())
}

const AZURE: [(&str, &str); 18] = [
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

fn azure(
    place: &BucketUrl,
    endpoint: &BucketEndpoint,
    options: &ObjectOptions,
    wire: Wire,
) -> Result<Box<dyn Bucket>, String> {
    let account = place.account(options).ok_or("there is no storage account")?;
    let builder = MicrosoftAzureBuilder::new()
        .with_account(account)
        .with_container_name(&place.bucket)
        .with_endpoint(endpoint.text().to_owned())
        .with_skip_signature(options.anonymous)
        .with_retry(once())
        .with_http_connector(wire);
    let set = |builder: MicrosoftAzureBuilder, (key, value): (AzureConfigKey, &str)| {
        builder.with_config(key, value)
    };
    boxed(known(options, &AZURE).fold(builder, set).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::VARIABLES;

    #[test]
    fn every_name_is_one_the_library_knows_and_the_caller_collects() {
        for (name, key) in S3 {
            assert!(key.parse::<AmazonS3ConfigKey>().is_ok(), "{key}");
            assert!(VARIABLES.contains(&name), "{name}");
        }
        for (name, key) in GOOGLE {
            assert!(key.parse::<GoogleConfigKey>().is_ok(), "{key}");
            assert!(VARIABLES.contains(&name), "{name}");
        }
        for (name, key) in AZURE {
            assert!(key.parse::<AzureConfigKey>().is_ok(), "{key}");
            assert!(VARIABLES.contains(&name), "{name}");
        }
    }
}
