//! [`BucketUrl`]: the provider, name and prefix of a bucket.

use std::fmt;

use loom_source::Scheme;
use percent_encoding::percent_decode_str;
use url::Url;

/// The provider of an object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BucketProvider {
    /// `s3://`: S3 and services with its protocol.
    S3,
    /// `gs://`: Google Cloud Storage.
    Google,
    /// `az://`: Azure Blob Storage, where a bucket is called a container.
    Azure,
}

impl BucketProvider {
    /// The provider of the buckets that URLs of this scheme name; `None` for other schemes.
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

/// A prefix in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketUrl {
    pub(crate) provider: BucketProvider,
    pub(crate) bucket: String,
    /// The prefix without slashes at its ends; may be empty.
    pub(crate) prefix: String,
}

impl BucketUrl {
    /// Parses a URL such as `s3://bucket/prefix`, or returns the reason why it is malformed.
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
            return Err("expected a bucket and a prefix, without user, port, ? and #".to_owned());
        }
        let prefix = percent_decode_str(url.path().trim_matches('/')).decode_utf8();
        let prefix = prefix.map_err(|_| "the prefix is not UTF-8".to_owned())?.into_owned();
        if !prefix.is_empty() {
            crate::transport::check_key(&prefix)?;
        }
        Ok(Self { provider, bucket, prefix })
    }

    /// The key in the bucket of a key below the prefix. The empty key is the prefix itself.
    pub(crate) fn key(&self, key: &str) -> String {
        match (self.prefix.is_empty(), key.is_empty()) {
            (true, _) => key.to_owned(),
            (false, true) => self.prefix.clone(),
            (false, false) => format!("{}/{key}", self.prefix),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(text: &str) -> Result<BucketUrl, String> {
        let url: Url = text.parse().unwrap();
        BucketUrl::parse(BucketProvider::of(url.scheme().parse().unwrap()).unwrap(), &url)
    }

    #[test]
    fn a_url_has_a_bucket_and_a_prefix() {
        for (text, name, prefix) in [
            ("s3://bucket", "bucket", ""),
            ("s3://bucket/", "bucket", ""),
            ("gs://b.c_d/a/b/", "b.c_d", "a/b"),
            ("az://c-1/with%20space", "c-1", "with space"),
        ] {
            let bucket = bucket(text).unwrap();
            assert_eq!((bucket.bucket.as_str(), bucket.prefix.as_str()), (name, prefix), "{text}");
        }
        for bad in
            ["s3://b", "s3://user@bucket", "s3://bucket:1/", "s3://bucket/?x", "s3://bucket/a//b"]
        {
            assert!(bucket(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_below_the_prefix() {
        let bucket = bucket("s3://bucket/p").unwrap();
        assert_eq!(bucket.key("a/b"), "p/a/b");
        assert_eq!(bucket.key(""), "p");
        assert_eq!(bucket.to_string(), "s3://bucket/p");
    }
}
