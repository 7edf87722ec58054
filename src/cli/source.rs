//! `loom source list | test [NAME]`
//!
//! | file | holds |
//! |---|---|
//! | `list` | `source list`: the configured sources, without a query |
//! | `test` | `source test`: queries each source |
//! | `examine` | queries sources, and records their requests and times |
//! | `finding` | [`Finding`](finding::Finding): the result for one source, and the exit code |
//! | `probe_report` | a finding as text and as JSON |

pub(super) mod examine;
pub(super) mod finding;
mod list;
pub(super) mod probe_report;
mod test;

use loom_source::Version;

use super::{Outcome, context::Context, version_arg};

/// Arguments of `loom source`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: SourceCommand,
}

#[derive(Debug, clap::Subcommand)]
enum SourceCommand {
    /// Print the sources in their order, without querying them
    List,
    /// Query each source, and print what it offers and how it is reached
    Test {
        /// Test only this source, by its name or its address
        name: Option<String>,
        /// Version to look for instead of the newest; needed where a source has no list
        #[arg(long, value_name = "VERSION", value_parser = version_arg::version)]
        version: Option<Version>,
        /// Source to query instead of the configured ones; may be repeated
        #[arg(long = "source", value_name = "SOURCE")]
        sources: Vec<String>,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.command {
        SourceCommand::List => list::run(context),
        SourceCommand::Test { name, version, sources } => {
            test::run(context, name.as_deref(), version.as_ref(), sources)
        }
    }
}
