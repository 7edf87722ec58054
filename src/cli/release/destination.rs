//! Where a release is published or looked for: a configured source by its name, or a source by its address.

use loom_runtime::config::{Resolved, SourceSpec};

use crate::cli::{CommandError, Exit, context::Context};

/// The source with this name among the configured ones, else the one with this address. `owner/repository` is a
/// repository on GitHub.
pub(super) fn source(
    context: &Context,
    resolved: &Resolved,
    text: &str,
) -> Result<SourceSpec, CommandError> {
    let configured = resolved.sources.value.iter().find(|spec| spec.name.as_deref() == Some(text));
    if let Some(spec) = configured {
        return Ok(spec.clone());
    }
    let cwd = context.cwd()?;
    let is_repository = !text.contains(':') && !text.starts_with(['.', '/']);
    let text = if is_repository { format!("github:{text}") } else { text.to_owned() };
    SourceSpec::shorthand(&text, &cwd).map_err(|error| {
        CommandError::of(Exit::Usage, &error)
            .hint("give github:OWNER/REPO, a URL, a folder as ./FOLDER, or the name of a configured source")
    })
}
