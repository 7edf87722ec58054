//! The certificate authorities that the environment names.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use loom_base::bounded_file;

use crate::config::Env;

/// `SSL_CERT_FILE` and `SSL_CERT_DIR`. As with OpenSSL, they replace the system's certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificatePaths {
    /// A file in PEM form.
    pub file: Option<PathBuf>,
    /// Folders of such files. The variable separates them by `:`, on Windows by `;`.
    pub folders: Vec<PathBuf>,
}

/// Certificates that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file or folder cannot be read.
    #[error("cannot read the certificates in {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The folders hold no certificate.
    #[error("no certificate in PEM form in {0}")]
    None(String),
}

impl CertificatePaths {
    /// The paths that the environment names; `None` if it names none and the system's certificates are used.
    pub fn of(env: &Env) -> Option<Self> {
        let folders = env.path("SSL_CERT_DIR");
        let folders = folders.iter().flat_map(|paths| std::env::split_paths(paths));
        let folders: Vec<_> = folders.filter(|path| !path.as_os_str().is_empty()).collect();
        let file = env.path("SSL_CERT_FILE");
        (file.is_some() || !folders.is_empty()).then_some(Self { file, folders })
    }

    /// The names of the variables that are set.
    pub fn variables(&self) -> &'static str {
        match (&self.file, &self.folders[..]) {
            (Some(_), []) => "SSL_CERT_FILE",
            (None, _) => "SSL_CERT_DIR",
            (Some(_), _) => "SSL_CERT_FILE, SSL_CERT_DIR",
        }
    }

    /// The contents of the files, one item per file. Other files in a folder are skipped; a folder that is missing is
    /// skipped too, as long as some certificate is found.
    ///
    /// # Errors
    /// If a file or folder cannot be read, or if no certificate is found.
    pub fn read(&self) -> Result<Vec<Vec<u8>>, CertificateError> {
        let mut bundles = Vec::new();
        if let Some(file) = &self.file {
            bundles.push(read(file)?);
        }
        // `c_rehash` links to each file once more, by its hash.
        let mut seen = BTreeSet::new();
        for folder in &self.folders {
            for path in listed(folder)? {
                let Ok(real) = fs::canonicalize(&path) else { continue };
                if real.is_file() && seen.insert(real) {
                    bundles.push(read(&path)?);
                    bundles.pop_if(|bytes| !holds_certificate(bytes));
                }
            }
        }
        if bundles.is_empty() {
            return Err(CertificateError::None(self.to_string()));
        }
        Ok(bundles)
    }
}

/// The size limit of a file of certificates, in bytes. Those of the largest companies and of the system have less than a
/// tenth of it.
const MAX_SIZE: u64 = 16 << 20;

/// Reads a file of certificates.
///
/// # Errors
/// If the file cannot be read, is not a regular file, or is larger than 16 MiB.
pub fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    bounded_file::read(path, MAX_SIZE)
        .map_err(|source| CertificateError::Read { path: path.to_owned(), source })
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, CertificateError> {
    let failed = |source| CertificateError::Read { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut paths: Vec<_> =
        entries.map(|entry| Ok(entry.map_err(failed)?.path())).collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

fn holds_certificate(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"-----BEGIN CERTIFICATE-----").is_some()
}

impl std::fmt::Display for CertificatePaths {
    /// The paths, separated by commas.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let paths = self.file.iter().chain(&self.folders);
        f.write_str(&paths.map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    fn paths(variables: &[(&str, String)]) -> Option<CertificatePaths> {
        CertificatePaths::of(&variables.iter().map(|(name, value)| (*name, value)).collect())
    }

    #[test]
    fn without_variables_the_system_decides() {
        assert_eq!(paths(&[]), None);
        assert_eq!(paths(&[("SSL_CERT_FILE", String::new())]), None);
        assert_eq!(paths(&[("SSL_CERT_DIR", ":".into())]), None);
    }

    #[cfg(unix)]
    #[test]
    fn each_certificate_of_a_folder_is_read_once_and_other_files_are_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.pem"), PEM).unwrap();
        fs::write(at("readme"), "nothing of the kind").unwrap();
        std::os::unix::fs::symlink(at("a.pem"), at("1234abcd.0")).unwrap();
        std::os::unix::fs::symlink(at("gone"), at("5678abcd.0")).unwrap();
        fs::create_dir(at("more")).unwrap();
        let both = format!("/does/not/exist:{}", folder.path().display());
        let found = paths(&[("SSL_CERT_DIR", both)]).unwrap().read().unwrap();
        assert_eq!(found, [PEM.as_bytes()]);
        let file = at("a.pem").display().to_string();
        let found = paths(&[("SSL_CERT_FILE", file)]).unwrap().read().unwrap();
        assert_eq!(found, [PEM.as_bytes()]);
    }

    #[test]
    fn named_paths_must_exist() {
        let empty = tempfile::tempdir().unwrap();
        let at = empty.path().display().to_string();
        let none = paths(&[("SSL_CERT_DIR", at.clone())]).unwrap().read().unwrap_err();
        assert!(none.to_string().contains(&at), "{none}");
        let gone = empty.path().join("ca.pem").display().to_string();
        let read = paths(&[("SSL_CERT_FILE", gone.clone())]).unwrap().read().unwrap_err();
        assert!(read.to_string().contains(&gone), "{read}");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_no_file_of_certificates() {
        let zero = paths(&[("SSL_CERT_FILE", "/dev/zero".into())]).unwrap();
        assert!(zero.read().unwrap_err().to_string().contains("/dev/zero"));
    }
}
