//! Where a bucket is: its provider, its name, the prefix in it, and the address it is asked at.

use std::fmt;

use loom_base::loopback::is_loopback_url;
use loom_source::Scheme;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::ObjectOptions;

/// Whose service a bucket is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BucketProvider {
    /// `s3://`: S3, and what speaks like it.
    S3,
    /// `gs://`: Google Cloud Storage.
    Google,
    /// `az://`: Azure Blob Storage, where a bucket is called a container.
    Azure,
}

/// A prefix in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketUrl {
    pub(crate) provider: BucketProvider,
    pub(crate) bucket: String,
    /// Without slashes at its ends; may be empty.
    pub(crate) prefix: String,
}

impl BucketProvider {
    /// The provider that URLs of this scheme name buckets of.
    pub(crate) fn of(scheme: Scheme) -> Option<Self> {
        match scheme {
            Scheme::S3 => Some(Self::S3),
            Scheme::Gs => Some(Self::Google),
            Scheme::Az => Some(Self::Azure),
            _ => None,
        }
    }

    fn scheme(self) -> Scheme {
        match self {
            Self::S3 => Scheme::S3,
            Self::Google => Scheme::Gs,
            Self::Azure => Scheme::Az,
        }
    }
}

impl BucketUrl {
    /// The place that an address such as `s3://bucket/prefix` names, or why it names none.
    pub(crate) fn parse(provider: BucketProvider, url: &Url) -> Result<Self, String> {
        let bucket = url.host_str().unwrap_or_default().to_owned();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        if !bucket.bytes().all(plain) || !(3..=222).contains(&bucket.len()) {
            return Err(
                "the name of a bucket has 3 or more of a-z, 0-9, '-', '.' and '_'".to_owned()
            );
        }
        let more = !url.username().is_empty() || url.password().is_some() || url.port().is_some();
        if more || url.query().is_some() || url.fragment().is_some() {
            return Err("it is a bucket and a prefix, without user, port, ? and #".to_owned());
        }
        let prefix = percent_decode_str(url.path().trim_matches('/')).decode_utf8();
        let prefix = prefix.map_err(|_| "the prefix is not UTF-8".to_owned())?.into_owned();
        if !prefix.is_empty() {
            crate::transport::check(&prefix)?;
        }
        Ok(Self { provider, bucket, prefix })
    }

    /// The bucket's key for a key below the prefix; the prefix itself for the empty one.
    pub(crate) fn key(&self, key: &str) -> String {
        match (self.prefix.is_empty(), key.is_empty()) {
            (true, _) => key.to_owned(),
            (false, true) => self.prefix.clone(),
            (false, false) => format!("{}/{key}", self.prefix),
        }
    }

    /// The address that data is asked at. For S3 with the bucket in the host's name, that holds the bucket;
    /// else only the service's own address.
    pub(crate) fn endpoint(&self, options: &ObjectOptions) -> Result<BucketEndpoint, String> {
        match self.provider {
            BucketProvider::S3 => self.s3(options),
            BucketProvider::Google => {
                let names = ["GOOGLE_BASE_URL", "STORAGE_EMULATOR_HOST"];
                let own = || address("https://storage.googleapis.com", "the default");
                Ok(BucketEndpoint::service(given(options, &names)?.map_or_else(own, Ok)?))
            }
            BucketProvider::Azure => {
                if let Some(url) = given(options, &["AZURE_STORAGE_ENDPOINT"])? {
                    return Ok(BucketEndpoint::service(url));
                }
                let account = self.account(options).ok_or(
                    "there is no storage account: set AZURE_STORAGE_ACCOUNT_NAME, or give the source's endpoint",
                )?;
                let url = format!("https://{account}.blob.core.windows.net");
                Ok(BucketEndpoint::service(address(&url, "the storage account's name")?))
            }
        }
    }

    /// The storage account: as given, else the first part of the endpoint's path or host.
    pub(crate) fn account(&self, options: &ObjectOptions) -> Option<String> {
        let names = ["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"];
        if let Some((_, account)) = options.first(&names) {
            return Some(account.to_owned());
        }
        let url = given(options, &["AZURE_STORAGE_ENDPOINT"]).ok()??;
        let in_path = url.path().trim_matches('/').split('/').next().unwrap_or_default().to_owned();
        let in_host = url.domain().and_then(|host| host.split('.').next()).map(str::to_owned);
        Some(in_path).filter(|account| !account.is_empty()).or(in_host)
    }

    fn s3(&self, options: &ObjectOptions) -> Result<BucketEndpoint, String> {
        let service = match given(options, &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])? {
            Some(url) => url,
            None => {
                let region = region(options);
                // The partition of China has a domain of its own.
                let china = if region.starts_with("cn-") { ".cn" } else { "" };
                address(&format!("https://s3.{region}.amazonaws.com{china}"), "the region")?
            }
        };
        // An address has no subdomains, and a certificate's wildcard covers no second dot.
        let named = service.domain().filter(|host| *host != "localhost").map(str::to_owned);
        match named {
            Some(host) if !options.path_style && !self.bucket.contains(['.', '_']) => {
                let mut url = service.clone();
                url.set_host(Some(&format!("{}.{host}", self.bucket)))
                    .map_err(|e| format!("the bucket cannot stand before {host}: {e}"))?;
                Ok(BucketEndpoint { url, holds_bucket: true })
            }
            _ => Ok(BucketEndpoint::service(service)),
        }
    }
}

impl fmt::Display for BucketUrl {
    /// `s3://bucket/prefix`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        write!(f, "{}://{}{slash}{}", self.provider.scheme(), self.bucket, self.prefix)
    }
}

/// Where data is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketEndpoint {
    pub(crate) url: Url,
    /// Whether the bucket's name is part of the host's.
    pub(crate) holds_bucket: bool,
}

impl BucketEndpoint {
    fn service(url: Url) -> Self {
        Self { url, holds_bucket: false }
    }

    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback_url(&self.url)
    }

    /// Its text, as the library joins keys to it.
    pub(crate) fn text(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }
}

/// The region of a bucket.
pub(crate) fn region(options: &ObjectOptions) -> String {
    let named = || options.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]).map(|(_, r)| r.to_owned());
    options.region.clone().or_else(named).unwrap_or_else(|| "us-east-1".to_owned())
}

/// The endpoint that the source's settings or a variable give.
fn given(options: &ObjectOptions, names: &[&str]) -> Result<Option<Url>, String> {
    if let Some(url) = &options.endpoint {
        return address(url.as_str(), "the source's endpoint").map(Some);
    }
    options.first(names).map(|(name, text)| address(text, name)).transpose()
}

fn address(text: &str, whose: &str) -> Result<Url, String> {
    let wrong =
        |why: &str| format!("{whose} gives no address such as https://s3.example.com: {why}");
    let url = Url::parse(text).map_err(|e| wrong(&e.to_string()))?;
    let host = matches!(url.host(), Some(Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_)));
    if !matches!(url.scheme(), "http" | "https") || !host {
        return Err(wrong("it is not http(s)://host"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(wrong("it holds a user, a password or a query"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
