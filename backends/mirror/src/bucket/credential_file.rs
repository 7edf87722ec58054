//! Files of credentials that variables name, looked at before `object_store` reads them without a limit.

use std::{io, path::Path};

use loom_base::bounded_file;

use super::options::ObjectOptions;

/// The size limit of a file of credentials, in bytes.
const MAX_SIZE: u64 = 1 << 20;

/// Checks the file that `variable` names, if it is set: `object_store` would wait for a FIFO and read a device to no end.
///
/// # Errors
/// In words, if the file cannot be read, is not a regular file, or is larger than 1 MiB.
pub(super) fn check(options: &ObjectOptions, variable: &str) -> Result<(), String> {
    let Some(path) = options.get(variable) else { return Ok(()) };
    let read = bounded_file::read(Path::new(path), MAX_SIZE);
    read.map(drop).map_err(|error| in_words(path, variable, &error))
}

fn in_words(path: &str, variable: &str, error: &io::Error) -> String {
    format!("cannot read {path} ({variable}): {error}")
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;

    use super::*;

    fn checked(path: &Path) -> Result<(), String> {
        let path = path.to_str().unwrap().to_owned();
        let options = ObjectOptions {
            variables: [("AWS_WEB_IDENTITY_TOKEN_FILE".to_owned(), path.into())].into(),
            ..ObjectOptions::default()
        };
        check(&options, "AZURE_FEDERATED_TOKEN_FILE").unwrap();
        check(&options, "AWS_WEB_IDENTITY_TOKEN_FILE")
    }

    #[test]
    fn only_small_regular_files_are_used() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("token"), "x").unwrap();
        fs::write(at("huge"), vec![b' '; (1 << 20) + 1]).unwrap();
        assert_eq!(checked(&at("token")), Ok(()));
        for (path, why) in [
            (at("huge"), "larger than 1 MiB"),
            (at("gone"), "No such file"),
            (folder.path().to_owned(), "not a file but a folder"),
            ("/dev/zero".into(), "not a regular file"),
        ] {
            let error = checked(&path).unwrap_err();
            let named = format!("{} (AWS_WEB_IDENTITY_TOKEN_FILE)", path.display());
            assert!(error.contains(&named) && error.contains(why), "{error}");
        }
    }
}
