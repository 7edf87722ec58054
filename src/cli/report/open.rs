//! Sources that cannot be opened.

use loom_http::NetworkError;

use crate::cli::{CommandError, Exit};
use loom_runtime::{
    sources::{OpenError, OpenNotice},
    state::StateError,
};

/// What to do about the certificates that the environment names.
pub(crate) const CERTIFICATES_HINT: &str = "check SSL_CERT_FILE and SSL_CERT_DIR";

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        if let OpenError::Link(error) = error {
            return link_error(error);
        }
        Self::of(Exit::Usage, &error).hint(hint(&error))
    }
}

fn hint(error: &OpenError) -> String {
    match error {
        OpenError::NoCheckout { hint } => match hint {
            Some(hint) => hint.to_string(),
            None => "change to a checkout, link one with `loom dev link FOLDER`, or give --source target:/FOLDER"
                .to_owned(),
        },
        OpenError::Ca { source_name, .. } => format!("check `ca` of the source {source_name}"),
        OpenError::Certificates(_) => CERTIFICATES_HINT.to_owned(),
        OpenError::EmptyToken { variable, setting } => {
            format!("set {variable} to the secret, or remove `{setting}` from the source")
        }
        OpenError::Link(_)
        | OpenError::Mirror(_)
        | OpenError::GithubRepo(_)
        | OpenError::Github(_)
        | OpenError::Oci(_) => {
            "`loom config show` prints where this source is configured".to_owned()
        }
    }
}

/// The settings of the network cannot be used.
pub(crate) fn network_error(error: &NetworkError) -> CommandError {
    CommandError::of(Exit::Usage, error)
}

/// The link to a checkout cannot be read, written or removed.
pub(crate) fn link_error(error: StateError) -> CommandError {
    CommandError::of(Exit::Failure, &error)
        .hint("check the permissions of the state folder; `loom dev unlink` removes the link")
}

/// The hints among the notices: checkouts that could be used.
pub(crate) fn hints(notices: &[OpenNotice]) -> impl Iterator<Item = String> {
    notices.iter().filter_map(|notice| match notice {
        OpenNotice::Checkout(hint) => Some(hint.to_string()),
        OpenNotice::Netrc { .. } => None,
    })
}

/// The warnings among the notices: files that are not used.
pub(crate) fn warnings(notices: &[OpenNotice]) -> impl Iterator<Item = String> {
    notices.iter().filter_map(|notice| match notice {
        OpenNotice::Netrc { path, why } => Some(format!("{} is not used: {why}", path.display())),
        OpenNotice::Checkout(_) => None,
    })
}
