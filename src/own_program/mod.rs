//! The program file of `loom` itself: who owns it, and replacing it.
//!
//! | file | holds |
//! |---|---|
//! | `owner` | [`ProgramOwner`]: pip, cargo, a package manager, a checkout, or the user |
//! | `replacement` | [`OwnProgram`]: replaces the file, and keeps the previous one |
//! | `program_copy` | copies of the file, and [`remains`]: those that were not completed |
//! | `error` | [`OwnProgramError`] |

mod error;
mod owner;
mod program_copy;
mod replacement;

pub use error::OwnProgramError;
pub use owner::ProgramOwner;
pub use program_copy::remains;
pub use replacement::{NewProgram, OwnProgram, PreviousProgram};
