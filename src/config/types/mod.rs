//! The types that settings can have.

mod access;
mod address;
mod asset;
mod choice;
mod history;
mod mirror_root;
mod number;
mod price;
mod raw;
mod signer;
mod store;
mod text;
mod time;
mod version;

pub(crate) use address::{ApiBase, ListenHost, SourcePath};
pub(crate) use asset::AssetSetting;
pub(crate) use price::Price;
pub(crate) use raw::RawTable;
pub(crate) use text::{ApiKey, Literal, RegistryPrefix, TagPrefix, read_list};
pub(crate) use time::{Positive, Seconds};
