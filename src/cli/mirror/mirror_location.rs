//! [`MirrorLocation`]: the mirror that an argument names.

use std::path::{Path, PathBuf};

use loom_mirror::Destination;
use loom_oci::ImagePublisher;

use crate::cli::{CommandError, context::Context, verbose};
use loom_runtime::{
    config::{Resolved, SourceSpec},
    mirror::{DestinationDocuments, MirrorDocuments},
    sources::Candidate,
};

/// A mirror as an argument names it: the name of a configured source, whose settings are used, or a URL or path.
#[derive(Debug, Clone)]
pub(super) struct MirrorLocation(String);

impl std::str::FromStr for MirrorLocation {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl MirrorLocation {
    /// The mirror in a folder.
    pub(super) fn folder(path: &Path) -> Self {
        Self(path.display().to_string())
    }

    /// The path of the bundle that the argument names; `None` for other mirrors.
    pub(super) fn bundle(
        &self,
        context: &Context,
        resolved: &Resolved,
    ) -> Result<Option<PathBuf>, CommandError> {
        let spec = self.spec(context, resolved)?;
        Ok(spec.kind.bundle())
    }

    /// The configured source of this name or address, else the source that the text is the shorthand of.
    pub(super) fn spec(
        &self,
        context: &Context,
        resolved: &Resolved,
    ) -> Result<SourceSpec, CommandError> {
        let text = self.0.as_str();
        let address = |shown: String| shown.trim_end_matches('/') == text.trim_end_matches('/');
        let named = resolved.sources.value.iter().find(|spec| {
            spec.name.as_deref() == Some(text)
                || address(spec.kind.to_string())
                || address(spec.kind.shorthand())
        });
        match named {
            Some(spec) => Ok(spec.clone()),
            None => {
                let cwd = context.cwd()?;
                // A folder that is there needs no `./` before its name.
                match !text.contains([':', '/']) && cwd.join(text).exists() {
                    true => Ok(SourceSpec::shorthand(&format!("./{text}"), &cwd)?),
                    false => Ok(SourceSpec::shorthand(text, &cwd)?),
                }
            }
        }
    }

    /// The source, opened for reading. No request is sent.
    pub(super) fn open(
        &self,
        context: &Context,
        resolved: &Resolved,
    ) -> Result<Candidate, CommandError> {
        let spec = self.spec(context, resolved)?;
        let journal = verbose::journal(&context.printer).unwrap_or_default();
        let candidate = context.opener(resolved)?.open(&spec, journal)?;
        context.report_first_sight(&candidate);
        Ok(candidate)
    }

    /// The mirror, opened for writing. No request is sent.
    pub(super) fn destination(
        &self,
        context: &Context,
        resolved: &Resolved,
    ) -> Result<Box<dyn Destination>, CommandError> {
        let spec = self.spec(context, resolved)?;
        let journal = verbose::journal(&context.printer).unwrap_or_default();
        Ok(context.opener(resolved)?.open_destination(&spec, journal)?)
    }

    /// The registry or image layout that the argument names, opened for writing; `None` for mirrors. No request is sent.
    pub(super) fn images(
        &self,
        context: &Context,
        resolved: &Resolved,
    ) -> Result<Option<ImagePublisher>, CommandError> {
        let spec = self.spec(context, resolved)?;
        let journal = verbose::journal(&context.printer).unwrap_or_default();
        Ok(context.opener(resolved)?.open_images(&spec, journal)?)
    }

    /// The documents of the mirror, registry or image layout, opened for writing. No request is sent.
    pub(super) fn documents(
        &self,
        context: &Context,
        resolved: &Resolved,
    ) -> Result<Box<dyn MirrorDocuments>, CommandError> {
        match self.images(context, resolved)? {
            Some(publisher) => Ok(Box::new(publisher)),
            None => Ok(Box::new(DestinationDocuments(self.destination(context, resolved)?))),
        }
    }
}
