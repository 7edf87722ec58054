//! `loom config`: prints, checks and changes settings.
//!
//! | file | holds |
//! |---|---|
//! | `show` | `show` and `get` |
//! | `check` | `check` |
//! | `set` | `set` |
//! | `path` | `path` |

mod check;
mod path;
mod set;
mod show;

use super::{Exit, Outcome, context::Context};
use loom_runtime::config;

/// Arguments of `loom config`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ConfigCommand {
    /// Print every setting and where it comes from
    Show {
        /// Print secrets as they are
        #[arg(long)]
        show_secrets: bool,
        /// Include, as written, what an untrusted project sets without effect
        #[arg(long)]
        untrusted: bool,
    },
    /// Print the effective value of one setting, or of all settings of a table
    Get {
        /// The key, such as bridge.version, or a table, such as llm.deepseek
        key: String,
        /// Print secrets as they are
        #[arg(long)]
        show_secrets: bool,
    },
    /// Set one setting in your own config.toml, or in the project's loom.toml
    Set {
        /// The key, such as bridge.version
        key: String,
        /// The value: TOML, or plain text; - reads it from standard input
        #[arg(allow_hyphen_values = true)]
        value: String,
        /// Change the project's loom.toml
        #[arg(long)]
        project: bool,
    },
    /// Print the paths of the configuration files, highest precedence first
    Path,
    /// List every mistake in the configuration files and the environment
    Check,
    /// Print the JSON Schema of loom.toml
    Schema,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.command {
        ConfigCommand::Show { show_secrets, untrusted } => {
            show::show(*show_secrets, *untrusted, context)
        }
        ConfigCommand::Get { key, show_secrets } => show::get(key, *show_secrets, context),
        ConfigCommand::Set { key, value, project } => set::run(key, value, *project, context),
        ConfigCommand::Path => path::run(context),
        ConfigCommand::Check => check::run(context),
        ConfigCommand::Schema => {
            let schema = config::schema();
            let text = format!("{schema:#}\n");
            context.printer.bytes(text.as_bytes())?;
            Ok(Exit::Success)
        }
    }
}
