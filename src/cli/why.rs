//! `loom why`: how a release got here and was verified, or why it is not here.
//!
//! | file | holds |
//! |---|---|
//! | `release_history` | [`ReleaseHistory`]: all that is known of a release |
//! | `chain` | [`TrustChain`](chain::TrustChain): from the source to the verification |
//! | `document`, `text` | what is known, as JSON and as text |
//! | `page` | text in two columns, and the rows of receipts and failures |

mod chain;
mod document;
mod page;
mod release_history;
mod text;

use loom_source::Selector;

use self::release_history::{ReleaseHistory, history};
use super::{CommandError, Exit, Outcome, context::Context, version_arg};
use loom_runtime::config::Flags;

/// Arguments of `loom why`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// latest, a version (0.2.0), a range, or dev [default: what `up` would take]
    version: Option<Selector>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let store = context.store(&resolved)?;
    let history = history(args.version.as_ref(), context, &resolved, &store)?;
    if history.is_empty() {
        let ReleaseHistory { product, selector, .. } = &history;
        let message = format!("{} {selector} {} is not here", product.binary, product.platform);
        return Err(CommandError::new(
            Exit::Absent,
            format!("{message}, and was never downloaded"),
        )
        .hint(format!("`loom get {}` fetches it", version_arg::shell_word(selector))));
    }
    context.printer.answer(&history.json(), || history.human())?;
    Ok(Exit::Success)
}
