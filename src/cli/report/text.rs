//! How a [`CommandError`] is printed.

use super::CommandError;
use crate::cli::color;

/// The message, the causes and the hint, each on lines of its own, with styles.
pub(crate) fn human(error: &CommandError) -> String {
    let mut text = format!("{} {}\n", color::error("error:"), error.message);
    for cause in &error.causes {
        let cause = cause.replace('\n', "\n    ");
        text.push_str(&format!("  {} {cause}\n", color::dim("because:")));
    }
    if let Some(hint) = &error.hint {
        let hint = hint.replace('\n', "\n      ");
        text.push_str(&format!("{} {hint}\n", color::hint("hint:")));
    }
    text
}
