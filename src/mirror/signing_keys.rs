//! [`SigningKeys`]: the secret keys with which documents of a mirror are signed.

use std::{fs, io, path::Path};

use loom_base::bounded_file;
use loom_signatures::document::DocumentSecretKey;
use loom_source::record::{KeyId, MirrorRole, SignedDocument, SignedKind};
use secrecy::ExposeSecret as _;

use super::MirrorTaskError;
use crate::trust::mirror::{key_id, signed};

/// The largest file of a key that is read, in bytes.
const MAX_KEY_FILE: u64 = 16 * 1024;

/// The secret keys with which documents of a mirror are signed.
#[derive(Debug, Default)]
pub struct SigningKeys(Vec<DocumentSecretKey>);

impl SigningKeys {
    /// Reads the keys in these files, each as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// [`MirrorTaskError::KeyFile`] where a file cannot be read or holds no such key.
    pub fn read<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<Self, MirrorTaskError> {
        paths.into_iter().map(read_key).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that a role has.
    pub fn of_role(&self, role: &MirrorRole) -> Vec<&DocumentSecretKey> {
        self.0.iter().filter(|key| role.keys.contains(&key_id(key))).collect()
    }

    /// All keys.
    pub fn all(&self) -> impl Iterator<Item = &DocumentSecretKey> {
        self.0.iter()
    }

    /// A document that the keys of a role sign.
    ///
    /// # Errors
    /// [`MirrorTaskError::Keys`] where fewer keys of the role are here than its threshold.
    pub fn sign(
        &self,
        kind: SignedKind,
        role: &MirrorRole,
        payload: String,
    ) -> Result<SignedDocument, MirrorTaskError> {
        self.check(kind, role)?;
        Ok(signed(kind, payload, self.of_role(role)))
    }

    /// Checks that enough keys of a role are here.
    ///
    /// # Errors
    /// As for [`sign`](Self::sign).
    pub fn check(&self, kind: SignedKind, role: &MirrorRole) -> Result<(), MirrorTaskError> {
        let got = self.of_role(role).len();
        if usize::try_from(role.threshold).is_ok_and(|threshold| got >= threshold) {
            return Ok(());
        }
        Err(MirrorTaskError::Keys {
            role: kind.as_str(),
            threshold: role.threshold,
            keys: role.keys.iter().map(KeyId::short).collect(),
            got,
        })
    }
}

fn read_key(path: &Path) -> Result<DocumentSecretKey, MirrorTaskError> {
    let wrong = |why: String| MirrorTaskError::KeyFile { path: path.to_owned(), why };
    let text = bounded_file::read_text(path, MAX_KEY_FILE).map_err(|e| wrong(e.to_string()))?;
    DocumentSecretKey::from_pem(&text).map_err(|e| wrong(e.to_string()))
}

/// Writes a new key to a file that only its owner can read. A file that is there is never overwritten.
///
/// # Errors
/// [`MirrorTaskError::KeyFile`] where there is a file, or it cannot be written.
pub fn write_new_key(path: &Path) -> Result<DocumentSecretKey, MirrorTaskError> {
    let wrong = |why: String| MirrorTaskError::KeyFile { path: path.to_owned(), why };
    let key = DocumentSecretKey::generate().map_err(|e| wrong(e.to_string()))?;
    let pem = key.to_pem().map_err(|e| wrong(e.to_string()))?;
    create_private(path, pem.expose_secret().as_bytes()).map_err(|e| wrong(e.to_string()))?;
    Ok(key)
}

fn create_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_private_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.pem");
        let key = write_new_key(&path).unwrap();
        let error = write_new_key(&path).unwrap_err();
        assert!(matches!(error, MirrorTaskError::KeyFile { .. }), "{error}");
        let keys = SigningKeys::read([path.as_path()]).unwrap();
        assert_eq!(keys.all().map(key_id).collect::<Vec<_>>(), [key_id(&key)]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::write(folder.path().join("other"), "x").unwrap();
        assert!(SigningKeys::read([folder.path().join("other").as_path()]).is_err());
    }

    #[test]
    fn a_role_needs_its_threshold() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a", "b"].map(|name| folder.path().join(name));
        let ids = paths.each_ref().map(|path| key_id(&write_new_key(path).unwrap()));
        let role = MirrorRole { keys: ids.to_vec(), threshold: 2 };
        let one = SigningKeys::read([paths[0].as_path()]).unwrap();
        let error = one.check(SignedKind::Index, &role).unwrap_err();
        assert!(matches!(error, MirrorTaskError::Keys { got: 1, .. }), "{error}");
        let both = SigningKeys::read(paths.iter().map(|path| path.as_path())).unwrap();
        let document = both.sign(SignedKind::Index, &role, "{}".to_owned()).unwrap();
        assert_eq!(document.signatures.len(), 2);
    }
}
