//! `loom source list | test [NAME]`
//!
//! | file | holds |
//! |---|---|
//! | `list` | what is configured; nobody is asked |
//! | `test` | the command that asks each of them |
//! | `examine` | asks, and notes whom and how long |
//! | `finding` | what came of it, and the exit code |
//! | `told` | the same for people and as JSON |

pub(super) mod examine;
pub(super) mod finding;
mod list;
mod test;
pub(super) mod told;

use loom_source::Version;

use super::{Outcome, context::Context};

/// Arguments of `loom source`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print the sources in the order in which they are asked, without asking any
    List,
    /// Ask each source what it offers, and print how it is reached; nothing is downloaded whole
    Test {
        /// Only this source, by its name or its address
        name: Option<String>,
        /// Look for this version instead of the newest; needed where a source cannot list
        #[arg(long, value_name = "VERSION")]
        version: Option<Version>,
        /// Ask this source instead of the configured ones; may be given more than once
        #[arg(long = "source", value_name = "SOURCE")]
        sources: Vec<String>,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.what {
        What::List => list::run(context),
        What::Test { name, version, sources } => {
            test::run(context, name.as_deref(), version.as_ref(), sources)
        }
    }
}
