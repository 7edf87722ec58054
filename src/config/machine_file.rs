//! Whether only the administrator of the machine can have written a file.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{check, open};
#[cfg(windows)]
pub use windows::program_data;
#[cfg(windows)]
pub(super) use windows::{check, open};
