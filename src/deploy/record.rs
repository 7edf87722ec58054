//! [`DeployRecord`]: the file by which a folder says what it was rendered from.

use std::path::Path;

use loom_source::{PinnedImage, Platform};
use serde::Deserialize;
use toml_edit::{Array, DocumentMut, value};

use super::{DeployError, DeployOptions, DeployTarget, RenderedFile};

/// The name of the file.
pub const RECORD_NAME: &str = "loom-deploy.toml";

/// The text that a record begins with.
const HEAD: &str = "# What `loom deploy render` was given here; `loom deploy diff` and the next render go by it.\n";

/// The schema of the file.
const SCHEMA: &str = "loom-deploy 1";

/// What a folder was rendered from, besides the project's file and its lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployRecord {
    /// The target.
    pub target: DeployTarget,
    /// The options.
    pub options: DeployOptions,
    /// The paths of the rendered files, without that of the record.
    pub files: Vec<String>,
}

#[derive(Deserialize)]
struct RecordText {
    schema: String,
    target: String,
    name: Option<String>,
    image: Option<String>,
    program: Option<String>,
    platform: Option<String>,
    #[serde(default)]
    files: Vec<String>,
}

impl DeployRecord {
    /// The record as a file of the folder.
    pub fn file(&self) -> RenderedFile {
        let mut document = DocumentMut::new();
        let options = &self.options;
        let texts = [
            ("schema", Some(SCHEMA.to_owned())),
            ("target", Some(self.target.as_str().to_owned())),
            ("name", options.name.clone()),
            ("image", options.image.as_ref().map(ToString::to_string)),
            ("program", options.program.clone()),
            ("platform", options.platform.map(|platform| platform.to_string())),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                document[key] = value(text);
            }
        }
        document["files"] = value(self.files.iter().map(String::as_str).collect::<Array>());
        RenderedFile::new(RECORD_NAME, HEAD.to_owned() + &document.to_string())
    }

    /// Reads a record. `file` names it in errors.
    ///
    /// # Errors
    /// [`DeployError::Record`] for a text that is no record of a known version.
    pub fn parse(text: &str, file: &Path) -> Result<Self, DeployError> {
        let invalid = |reason: String| DeployError::Record { file: file.to_owned(), reason };
        let read: RecordText =
            toml::from_str(text).map_err(|error| invalid(error.message().to_owned()))?;
        if read.schema != SCHEMA {
            return Err(invalid(format!("expected schema = {SCHEMA:?}")));
        }
        // The files of an earlier render are removed: none may lie elsewhere.
        if let Some(outside) = read.files.iter().find(|path| !is_inside(path)) {
            return Err(invalid(format!("a path that leaves the folder: {outside:?}")));
        }
        let parse = |text: Option<String>| text.map(|text| text.parse::<PinnedImage>()).transpose();
        let platform = read.platform.map(|text| text.parse::<Platform>()).transpose();
        Ok(Self {
            target: read.target.parse().map_err(|error: &str| invalid(error.to_owned()))?,
            options: DeployOptions {
                name: read.name,
                image: parse(read.image).map_err(|error| invalid(error.to_string()))?,
                program: read.program,
                platform: platform.map_err(|error| invalid(error.to_string()))?,
            },
            files: read.files,
        })
    }
}

/// Whether a path of a record stays in its folder.
fn is_inside(path: &str) -> bool {
    let is_name = |part: &str| !part.is_empty() && part != "." && part != "..";
    path.split('/').all(is_name) && !path.contains(['\\', ':', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_a_round_trip() {
        let image = format!("host/loom@sha256:{}", "0".repeat(64)).parse().unwrap();
        let options = DeployOptions {
            name: Some("a \"b\"".to_owned()),
            image: Some(image),
            program: Some("/p".to_owned()),
            platform: Some(Platform::LinuxAarch64),
        };
        for options in [options, DeployOptions::default()] {
            let files = vec!["templates/a.yaml".to_owned(), "b".to_owned()];
            let record = DeployRecord { target: DeployTarget::Helm, options, files };
            let text = record.file().text;
            assert_eq!(DeployRecord::parse(&text, Path::new("r")).unwrap(), record, "{text}");
        }
    }

    #[test]
    fn a_record_of_others_is_refused() {
        let valid = "schema = \"loom-deploy 1\"\ntarget = \"helm\"\n";
        for (text, reason) in [
            ("", "missing field"),
            ("schema = \"loom-deploy 2\"\ntarget = \"helm\"", "expected schema"),
            ("schema = \"loom-deploy 1\"\ntarget = \"nomad\"", "expected kubernetes"),
            (&format!("{valid}image = \"loom:1\""), "by its digest"),
            (&format!("{valid}files = [\"../x\"]"), "leaves the folder"),
            (&format!("{valid}files = [\"/etc/x\"]"), "leaves the folder"),
        ] {
            let error = DeployRecord::parse(text, Path::new("r")).unwrap_err().to_string();
            assert!(error.starts_with("invalid r: ") && error.contains(reason), "{error}");
        }
    }
}
