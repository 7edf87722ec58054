//! How a [`CommandError`] is printed.

use loom_base::clean;

use super::CommandError;
use crate::cli::color;

/// The message, the causes and the hint, each on lines of its own, with styles. Text of others in them is cleaned, and
/// its further lines are indented, so that none of them looks like a line of ours.
pub(crate) fn human(error: &CommandError) -> String {
    let part = |text: &str, indent: &str| {
        clean::shortened(&clean::text(text)).replace('\n', &format!("\n{indent}"))
    };
    let mut text = format!("{} {}\n", color::error("error:"), part(&error.message, "  "));
    for cause in &error.causes {
        let cause = part(cause, "    ");
        text.push_str(&format!("  {} {cause}\n", color::dim("because:")));
    }
    if let Some(hint) = &error.hint {
        let hint = part(hint, "      ");
        text.push_str(&format!("{} {hint}\n", color::hint("hint:")));
    }
    text
}
