//! Reads an executable and detects that cargo replaces it meanwhile.

use std::{
    fs::Metadata,
    io::{self, SeekFrom},
    path::Path,
    time::SystemTime,
};

use bytes::{Bytes, BytesMut};
use loom_source::{Body, Download, RangeRequest, SourceError, SourceErrorKind, Validator};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _},
};

/// The size of the pieces of a body, in bytes.
const PIECE: usize = 256 * 1024;

/// The bytes of the file, from the requested offset if the validator still matches, else from 0.
///
/// The validator consists of the modification time and the size. The body fails if either has changed by its end.
///
/// # Errors
/// If the file cannot be opened or is not a regular file.
pub async fn open(path: &Path, range: &RangeRequest) -> Result<Download, SourceError> {
    let at = path.display().to_string();
    let fail = |source: io::Error| SourceError::read(at.clone(), source);
    let mut file = File::open(path).await.map_err(fail)?;
    let metadata = file.metadata().await.map_err(fail)?;
    if !metadata.is_file() {
        return Err(fail(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
    }
    file.set_max_buf_size(PIECE);
    let validator = Validator::Weak(fingerprint(&metadata).map_err(fail)?);
    let total = metadata.len();
    let unchanged = range.validator.as_ref() == Some(&validator);
    let start = if unchanged && range.from <= total { range.from } else { 0 };
    file.seek(SeekFrom::Start(start)).await.map_err(fail)?;
    let reader =
        BuildReader { file, at, validator: validator.clone(), left: total - start, received: 0 };
    Ok(Download { start, total: Some(total), validator: Some(validator), body: body(reader) })
}

/// An executable that is being read.
struct BuildReader {
    file: File,
    at: String,
    validator: Validator,
    left: u64,
    received: u64,
}

fn body(reader: BuildReader) -> Body {
    Box::pin(futures::stream::try_unfold(reader, |mut reader| async move {
        Ok(reader.next().await?.map(|piece| (piece, reader)))
    }))
}

impl BuildReader {
    /// The next piece; `None` at the end of the unchanged file.
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        let length = usize::try_from(self.left).unwrap_or(PIECE).min(PIECE);
        let mut piece = BytesMut::with_capacity(length);
        if length > 0 {
            self.file.read_buf(&mut piece).await.map_err(|e| self.interrupted(e))?;
        }
        if piece.is_empty() {
            self.check_unchanged().await?;
            return Ok(None);
        }
        piece.truncate(length);
        self.left -= piece.len() as u64;
        self.received += piece.len() as u64;
        Ok(Some(piece.freeze()))
    }

    async fn check_unchanged(&self) -> Result<(), SourceError> {
        let metadata = self.file.metadata().await;
        let now = metadata.and_then(|metadata| fingerprint(&metadata));
        let now = now.map_err(|e| self.interrupted(e))?;
        if self.left == 0 && Validator::Weak(now) == self.validator {
            return Ok(());
        }
        Err(self.interrupted(io::Error::other("the build changed while it was read")))
    }

    /// The error of an interrupted transfer, which callers retry: the build that replaces this one is then read.
    fn interrupted(&self, cause: io::Error) -> SourceError {
        let kind = SourceErrorKind::Interrupted { received: self.received };
        SourceError::new(self.at.clone(), kind).caused_by(cause)
    }
}

/// The modification time in nanoseconds and the size in bytes.
fn fingerprint(metadata: &Metadata) -> io::Result<String> {
    let modified = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{}-{}", modified.as_nanos(), metadata.len()))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _, time::Duration};

    use futures::TryStreamExt as _;

    use super::*;

    async fn bytes(download: Download) -> Result<Vec<u8>, SourceError> {
        let pieces: Vec<Bytes> = download.body.try_collect().await?;
        Ok(pieces.concat())
    }

    #[tokio::test]
    async fn a_range_is_honoured_only_in_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("build");
        let content: Vec<u8> = (0..PIECE * 2 + 7).map(|i| (i / 3) as u8).collect();
        fs::write(&path, &content).unwrap();
        let whole = open(&path, &RangeRequest::whole()).await.unwrap();
        assert_eq!((whole.start, whole.total), (0, Some(content.len() as u64)));
        let validator = whole.validator.clone();
        assert_eq!(bytes(whole).await.unwrap(), content);

        let resume = |from| RangeRequest { from, validator: validator.clone() };
        for from in [1, PIECE as u64 + 3, content.len() as u64] {
            let rest = open(&path, &resume(from)).await.unwrap();
            assert_eq!(rest.start, from);
            assert_eq!(bytes(rest).await.unwrap(), content[from as usize..]);
        }
        assert_eq!(open(&path, &resume(content.len() as u64 + 1)).await.unwrap().start, 0);
        let unknown = RangeRequest { from: 5, validator: None };
        assert_eq!(open(&path, &unknown).await.unwrap().start, 0);
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
        assert_eq!(open(&path, &resume(5)).await.unwrap().start, 0, "the file has changed");
    }

    #[tokio::test]
    async fn a_change_while_reading_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("build");
        for change in [vec![1; PIECE * 3], vec![1; PIECE * 2], vec![1; 10]] {
            fs::write(&path, vec![0; PIECE * 2]).unwrap();
            let epoch = SystemTime::UNIX_EPOCH;
            fs::File::options().write(true).open(&path).unwrap().set_modified(epoch).unwrap();
            let mut download = open(&path, &RangeRequest::whole()).await.unwrap();
            let first = download.body.try_next().await.unwrap().unwrap();
            assert!(!first.is_empty());
            let mut file = fs::File::options().write(true).truncate(true).open(&path).unwrap();
            file.write_all(&change).unwrap();
            let error = bytes(download).await.unwrap_err();
            assert!(matches!(error.kind, SourceErrorKind::Interrupted { .. }), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_build_whose_path_gets_another_file_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("build");
        fs::write(&path, vec![7; PIECE * 2]).unwrap();
        let download = open(&path, &RangeRequest::whole()).await.unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "new").unwrap();
        assert_eq!(bytes(download).await.unwrap(), vec![7; PIECE * 2]);
    }
}
