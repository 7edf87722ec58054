//! [`BucketTransport`]: a prefix in a bucket of an object store, through `object_store`.
//!
//! | module | holds |
//! |---|---|
//! | `options` | the options for object stores |
//! | `bucket_url` | the provider, name and prefix of a bucket |
//! | `bucket_endpoint` | the URL at which a bucket is requested |
//! | `bucket_destination` | the prefix as a mirror that is written |
//! | `client` | the client of `object_store` for a bucket, with its credentials |
//! | `credential_file` | checks the files of credentials that variables name |
//! | `connector` | sends the requests of `object_store` through `loom-http` |
//! | `listing_page` | reads a page of a listing, entry by entry |
//! | `object_status` | what responses without an object mean |
//! | `transport` | the transport |

mod bucket_destination;
mod bucket_endpoint;
mod bucket_url;
mod client;
mod connector;
mod credential_file;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod listing_page;
mod object_status;
mod options;
mod transport;

pub(crate) use self::{
    bucket_destination::BucketDestination,
    bucket_endpoint::BucketEndpoint,
    bucket_url::{BucketProvider, BucketUrl},
    transport::BucketTransport,
};
pub use options::{ObjectOptions, VARIABLES};
