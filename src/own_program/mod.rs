//! The program file of `loom` itself: who owns it, and replacing it.
//!
//! | file | holds |
//! |---|---|
//! | `owner` | [`ProgramOwner`]: pip, cargo, a package manager, a checkout, or the user |
//! | `replacement` | [`OwnProgram`]: replaces the file, and keeps the previous one |
//! | `error` | [`OwnProgramError`] |

mod error;
mod owner;
mod replacement;

pub use error::OwnProgramError;
pub use owner::ProgramOwner;
pub use replacement::{NewProgram, OwnProgram, PreviousProgram};
