//! Serves the folder of a mirror over HTTP.
//!
//! | file | holds |
//! |---|---|
//! | `server` | [`MirrorServer`]: accepts connections within its limits, and ends them in order |
//! | `write_limit` | a connection whose client does not read is closed |
//! | `site` | `Site`: from a request to a response |
//! | `served_folder` | which file a path of a URL names: never one outside of the folder |
//! | `preconditions` | conditional requests and ranges (RFC 9110) |
//! | `file_body` | the bytes of a file, in pieces |
//! | `folder_page` | the page of a folder, by which versions can be listed |
//! | `pull_through` | [`PullThrough`]: fetches what is missing from another mirror |
//! | `pulled_file` | which files are fetched, and how their bytes are verified |
//! | `error` | [`MirrorServeError`] |

mod error;
mod file_body;
mod folder_page;
mod preconditions;
mod pull_through;
mod pulled_file;
mod served_folder;
mod server;
mod site;
mod write_limit;

pub use error::MirrorServeError;
pub use pull_through::PullThrough;
pub use served_folder::ServedFolder;
pub use server::{MirrorServer, ServeLimits};
