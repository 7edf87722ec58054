//! [`sign`]: signs all files, and keeps signatures that are there and valid.

use std::{io, path::Path, time::SystemTime};

use loom_base::bounded_file;

use super::{
    ReleaseSigner, SignError,
    signer::{self, SignatureKind},
};
use crate::release::{
    ReleaseFile, ReleaseFolder,
    placed_file::{self, PlaceError, Placed},
};

/// The longest signature file that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// A signature file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureFile {
    /// The file name.
    pub name: String,
    /// The signed file.
    pub of: String,
    /// Whether it was written or was there.
    pub placed: Placed,
}

/// Signs the assets and the `SHA256SUMS` of a folder with each key.
///
/// A signature that is there must be one of the same key over the same file, and is kept. Each new signature is verified
/// before its file gets its name.
///
/// # Errors
/// [`SignError`] says which file could not be signed. Signatures that were made before stay.
pub fn sign(
    folder: &ReleaseFolder,
    signers: &[ReleaseSigner],
    at: SystemTime,
) -> Result<Vec<SignatureFile>, SignError> {
    let mut made = Vec::new();
    for file in folder.signed_files() {
        for signer in signers {
            for kind in signer.kinds() {
                let name = format!("{}{}", file.name, kind.extension);
                let placed = sign_one(folder, signer, *kind, file, &name, at)?;
                made.push(SignatureFile { name, of: file.name.clone(), placed });
            }
        }
    }
    Ok(made)
}

fn sign_one(
    folder: &ReleaseFolder,
    signer: &ReleaseSigner,
    kind: SignatureKind,
    file: &ReleaseFile,
    name: &str,
    at: SystemTime,
) -> Result<Placed, SignError> {
    let path = folder.path.join(name);
    let text = match bounded_file::read(&path, LONGEST) {
        Ok(bytes) => {
            check(signer, kind, &bytes, file, &path, at)?;
            return Ok(Placed::Unchanged);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            signer.signature(kind, file, &folder.version, at)?
        }
        Err(error) => return Err(SignError::at(path)(error)),
    };
    let placed = match (text, signer) {
        (Some(text), _) => {
            check(signer, kind, text.as_bytes(), file, &path, at)?;
            placed_file::place_bytes(text.as_bytes(), &path)
        }
        (None, ReleaseSigner::Gpg(gpg)) => {
            let temporary =
                placed_file::temporary_in(&folder.path).map_err(SignError::at(&path))?;
            gpg.sign(&file.path, temporary.path())?;
            placed_file::place(temporary, &path)
        }
        (None, _) => return Ok(Placed::Unchanged),
    };
    placed.map_err(|error| match error {
        PlaceError::Differs => SignError::Other { path, source: None },
        PlaceError::Io(source) => SignError::Io { path, source },
    })
}

/// Checks a signature with the public key that belongs to the signer.
fn check(
    signer: &ReleaseSigner,
    kind: SignatureKind,
    signature: &[u8],
    file: &ReleaseFile,
    path: &Path,
    at: SystemTime,
) -> Result<(), SignError> {
    let other = |source| SignError::Other { path: path.to_owned(), source };
    match (signer, signer.public(file)?) {
        (ReleaseSigner::Gpg(gpg), _) => {
            if gpg.verifies(&file.path, path)? {
                Ok(())
            } else {
                Err(other(None))
            }
        }
        (_, Some(key)) => {
            signer::check(kind, signature, file, key, at)?.map_err(|error| other(Some(error)))
        }
        (_, None) => Ok(()),
    }
}
