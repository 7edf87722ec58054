//! [`BucketEndpoint`]: the URL at which a bucket is requested.

use loom_base::loopback::is_loopback_url;
use url::{Host, Url};

use super::{
    bucket_url::{BucketProvider, BucketUrl},
    options::ObjectOptions,
};

/// The variables that name the endpoint of each provider.
const S3_ENDPOINT: [&str; 2] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
const GOOGLE_ENDPOINT: [&str; 2] = ["GOOGLE_BASE_URL", "STORAGE_EMULATOR_HOST"];
const AZURE_ENDPOINT: [&str; 1] = ["AZURE_STORAGE_ENDPOINT"];

/// The URL at which a bucket is requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketEndpoint {
    pub(crate) url: Url,
    /// Whether the host name contains the name of the bucket.
    pub(crate) holds_bucket: bool,
}

impl BucketEndpoint {
    /// The endpoint of `bucket`, or the reason why there is none. The first that is set: the source's own endpoint, a
    /// variable, the provider's default.
    pub(crate) fn of(bucket: &BucketUrl, options: &ObjectOptions) -> Result<Self, String> {
        match bucket.provider {
            BucketProvider::S3 => s3(bucket, options),
            BucketProvider::Google => google(options),
            BucketProvider::Azure => azure(options),
        }
    }

    fn service(url: Url) -> Self {
        Self { url, holds_bucket: false }
    }

    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback_url(&self.url)
    }

    /// The URL without a slash at its end: `object_store` appends keys to it.
    pub(crate) fn text(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }
}

/// The endpoint of an S3 bucket. The host name contains the bucket (virtual-hosted style) unless `path_style` is set or
/// that is impossible: IP addresses and `localhost` have no subdomains, and a wildcard certificate covers one label
/// only, so that the name of the bucket must have no dot.
fn s3(bucket: &BucketUrl, options: &ObjectOptions) -> Result<BucketEndpoint, String> {
    let service = match configured(options, &S3_ENDPOINT)? {
        Some(url) => url,
        None => {
            let region = region(options);
            // The partition of China has a domain of its own.
            let china = if region.starts_with("cn-") { ".cn" } else { "" };
            parse(&format!("https://s3.{region}.amazonaws.com{china}"), "the region")?
        }
    };
    let host = service.domain().filter(|host| *host != "localhost").map(str::to_owned);
    match host {
        Some(host) if !options.path_style && !bucket.bucket.contains(['.', '_']) => {
            let mut url = service;
            url.set_host(Some(&format!("{}.{host}", bucket.bucket)))
                .map_err(|e| format!("the bucket cannot be part of the host name {host}: {e}"))?;
            Ok(BucketEndpoint { url, holds_bucket: true })
        }
        _ => Ok(BucketEndpoint::service(service)),
    }
}

fn google(options: &ObjectOptions) -> Result<BucketEndpoint, String> {
    let default = || parse("https://storage.googleapis.com", "the default");
    let url = configured(options, &GOOGLE_ENDPOINT)?.map_or_else(default, Ok)?;
    Ok(BucketEndpoint::service(url))
}

fn azure(options: &ObjectOptions) -> Result<BucketEndpoint, String> {
    if let Some(url) = configured(options, &AZURE_ENDPOINT)? {
        return Ok(BucketEndpoint::service(url));
    }
    let account = azure_account(options).ok_or(
        "there is no storage account: set AZURE_STORAGE_ACCOUNT_NAME, or give the source's endpoint",
    )?;
    let url = format!("https://{account}.blob.core.windows.net");
    Ok(BucketEndpoint::service(parse(&url, "the storage account's name")?))
}

/// The Azure storage account: that of the variables, else the first part of the path or of the host of the endpoint.
pub(super) fn azure_account(options: &ObjectOptions) -> Option<String> {
    let names = ["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"];
    if let Some((_, account)) = options.first(&names) {
        return Some(account.to_owned());
    }
    let url = configured(options, &AZURE_ENDPOINT).ok()??;
    let in_path = url.path().trim_matches('/').split('/').next().unwrap_or_default().to_owned();
    let in_host = url.domain().and_then(|host| host.split('.').next()).map(str::to_owned);
    Some(in_path).filter(|account| !account.is_empty()).or(in_host)
}

/// The region of an S3 bucket: that of the options, else of the variables, else `us-east-1`.
pub(super) fn region(options: &ObjectOptions) -> String {
    let variable = || {
        options.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]).map(|(_, region)| region.to_owned())
    };
    options.region.clone().or_else(variable).unwrap_or_else(|| "us-east-1".to_owned())
}

/// The endpoint of the source's own settings, else that of a variable.
fn configured(options: &ObjectOptions, variables: &[&str]) -> Result<Option<Url>, String> {
    if let Some(url) = &options.endpoint {
        return parse(url.as_str(), "the source's endpoint").map(Some);
    }
    options.first(variables).map(|(name, text)| parse(text, name)).transpose()
}

/// Parses the URL of an endpoint; `origin` names the setting in errors.
fn parse(text: &str, origin: &str) -> Result<Url, String> {
    let invalid =
        |why: &str| format!("{origin} is not a URL such as https://s3.example.com: {why}");
    let url = Url::parse(text).map_err(|e| invalid(&e.to_string()))?;
    let host = matches!(url.host(), Some(Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_)));
    if !matches!(url.scheme(), "http" | "https") || !host {
        return Err(invalid("expected http(s)://host"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(invalid("it contains a user, a password or a query"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
