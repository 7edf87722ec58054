//! Reads an executable and notices when cargo replaces it meanwhile.

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

const PIECE: usize = 256 * 1024;

/// The file's bytes, from where `from` says if it is still the file it speaks of.
///
/// The validator is made of the time of change and the size. The body ends with an error
/// if either differs at its end from what it was at its beginning.
///
/// # Errors
/// If the file cannot be opened.
pub async fn open(path: &Path, from: &RangeRequest) -> Result<Download, SourceError> {
    let at = path.display().to_string();
    let fail = |source: io::Error| SourceError::read(at.clone(), source);
    let mut file = File::open(path).await.map_err(fail)?;
    let meta = file.metadata().await.map_err(fail)?;
    if !meta.is_file() {
        return Err(fail(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
    }
    file.set_max_buf_size(PIECE);
    let validator = Validator::Weak(stamp(&meta).map_err(fail)?);
    let (same, total) = (from.validator.as_ref() == Some(&validator), meta.len());
    let start = if same && from.from <= total { from.from } else { 0 };
    file.seek(SeekFrom::Start(start)).await.map_err(fail)?;
    let reading = Reading { file, at, validator: validator.clone(), left: total - start, read: 0 };
    Ok(Download { start, total: Some(total), validator: Some(validator), body: body(reading) })
}

struct Reading {
    file: File,
    at: String,
    validator: Validator,
    left: u64,
    read: u64,
}

fn body(reading: Reading) -> Body {
    Box::pin(futures::stream::try_unfold(reading, |mut reading| async move {
        Ok(reading.next().await?.map(|piece| (piece, reading)))
    }))
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        let wanted = usize::try_from(self.left).unwrap_or(PIECE).min(PIECE);
        let mut piece = BytesMut::with_capacity(wanted);
        if wanted > 0 {
            self.file.read_buf(&mut piece).await.map_err(|e| self.broken(Some(e)))?;
        }
        if piece.is_empty() {
            return if self.unchanged().await? { Ok(None) } else { Err(self.broken(None)) };
        }
        piece.truncate(wanted);
        self.left -= piece.len() as u64;
        self.read += piece.len() as u64;
        Ok(Some(piece.freeze()))
    }

    async fn unchanged(&self) -> Result<bool, SourceError> {
        let now = self.file.metadata().await.and_then(|meta| stamp(&meta));
        let now = now.map_err(|e| self.broken(Some(e)))?;
        Ok(self.left == 0 && Validator::Weak(now) == self.validator)
    }

    /// Worth another try: the build that replaces this one is the one to take.
    fn broken(&self, error: Option<io::Error>) -> SourceError {
        let why = error.unwrap_or_else(|| io::Error::other("the build changed while it was read"));
        let kind = SourceErrorKind::Interrupted { received: self.read };
        SourceError::new(self.at.clone(), kind).caused_by(why)
    }
}

fn stamp(meta: &Metadata) -> io::Result<String> {
    let changed = meta.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{}-{}", changed.as_nanos(), meta.len()))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _, time::Duration};

    use futures::TryStreamExt as _;

    use super::*;

    async fn bytes(opened: Download) -> Result<Vec<u8>, SourceError> {
        let pieces: Vec<Bytes> = opened.body.try_collect().await?;
        Ok(pieces.concat())
    }

    #[tokio::test]
    async fn reading_goes_on_only_in_the_same_file() {
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
        assert_eq!(open(&path, &resume(5)).await.unwrap().start, 0, "another file by now");
    }

    #[tokio::test]
    async fn a_change_while_reading_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("build");
        for change in [vec![1; PIECE * 3], vec![1; PIECE * 2], vec![1; 10]] {
            fs::write(&path, vec![0; PIECE * 2]).unwrap();
            let epoch = SystemTime::UNIX_EPOCH;
            fs::File::options().write(true).open(&path).unwrap().set_modified(epoch).unwrap();
            let mut opened = open(&path, &RangeRequest::whole()).await.unwrap();
            let first = opened.body.try_next().await.unwrap().unwrap();
            assert!(!first.is_empty());
            let mut file = fs::File::options().write(true).truncate(true).open(&path).unwrap();
            file.write_all(&change).unwrap();
            let error = bytes(opened).await.unwrap_err();
            assert!(matches!(error.kind, SourceErrorKind::Interrupted { .. }), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_build_that_is_replaced_by_another_file_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("build");
        fs::write(&path, vec![7; PIECE * 2]).unwrap();
        let opened = open(&path, &RangeRequest::whole()).await.unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "new").unwrap();
        assert_eq!(bytes(opened).await.unwrap(), vec![7; PIECE * 2]);
    }
}
