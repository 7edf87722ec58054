//! [`DeployFolder`]: writes and compares the files of a folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use loom_base::{atomic_file, bounded_file};

use super::{
    DeployError, DeployRecord, RenderedFile,
    line_diff::{LineChange, line_diff},
    record::RECORD_NAME,
};

/// The size limit of a file, in bytes.
const MAX_SIZE: u64 = 4 << 20;

/// A folder with rendered files.
#[derive(Debug, Clone)]
pub struct DeployFolder(PathBuf);

/// How a file of a folder differs from what would be rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileChange {
    /// It would be added.
    Added,
    /// It would be changed.
    Changed,
    /// It would be removed: an earlier render has left it.
    Removed,
}

/// A file of a folder that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDifference {
    /// The path in the folder, with `/`.
    pub path: String,
    /// How it differs.
    pub change: FileChange,
    /// The lines that differ.
    pub lines: Vec<LineChange>,
}

impl DeployFolder {
    /// The folder at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// What the folder was rendered from; `None` where nothing was.
    ///
    /// # Errors
    /// If the record cannot be read or understood.
    pub fn record(&self) -> Result<Option<DeployRecord>, DeployError> {
        let file = self.0.join(RECORD_NAME);
        read(&file)?.map(|text| DeployRecord::parse(&text, &file)).transpose()
    }

    /// How the folder differs from `files`.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn differences(&self, files: &[RenderedFile]) -> Result<Vec<FileDifference>, DeployError> {
        let mut differences = Vec::new();
        for RenderedFile { path, text } in files {
            let before = read(&self.path_of(path))?;
            let change = match &before {
                Some(before) if before == text => continue,
                Some(_) => FileChange::Changed,
                None => FileChange::Added,
            };
            let lines = line_diff(before.as_deref().unwrap_or_default(), text);
            differences.push(FileDifference { path: path.clone(), change, lines });
        }
        let recorded = self.record()?.map(|record| record.files).unwrap_or_default();
        for path in recorded.into_iter().filter(|path| files.iter().all(|file| file.path != *path))
        {
            if let Some(before) = read(&self.path_of(&path))? {
                let lines = line_diff(&before, "");
                differences.push(FileDifference { path, change: FileChange::Removed, lines });
            }
        }
        differences.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(differences)
    }

    /// Makes the folder have these files: writes those that differ, and removes those that an earlier render has left.
    /// Other files stay. Returns what differed.
    ///
    /// # Errors
    /// If a file is in the way that was not rendered, unless `replace` is set, and if one cannot be read or written.
    pub fn write(
        &self,
        files: &[RenderedFile],
        replace: bool,
    ) -> Result<Vec<FileDifference>, DeployError> {
        let differences = self.differences(files)?;
        let recorded = self.record()?.map(|record| record.files).unwrap_or_default();
        let is_foreign = |difference: &&FileDifference| {
            difference.change == FileChange::Changed
                && difference.path != RECORD_NAME
                && !recorded.contains(&difference.path)
        };
        if let Some(foreign) = differences.iter().find(is_foreign).filter(|_| !replace) {
            return Err(DeployError::Foreign { file: self.path_of(&foreign.path) });
        }
        // The record comes last: until it is there, the files of the render before it are known.
        let (record, others): (Vec<_>, Vec<_>) =
            differences.iter().partition(|difference| difference.path == RECORD_NAME);
        for difference in others.into_iter().chain(record) {
            let path = self.path_of(&difference.path);
            match files.iter().find(|file| file.path == difference.path) {
                Some(file) => write(&path, &file.text)?,
                None => drop(atomic_file::remove(&path).map_err(failed("remove", &path))?),
            }
        }
        Ok(differences)
    }

    fn path_of(&self, path: &str) -> PathBuf {
        path.split('/').fold(self.0.clone(), |folder, part| folder.join(part))
    }
}

/// The text of a file; `None` where there is none.
fn read(path: &Path) -> Result<Option<String>, DeployError> {
    match bounded_file::read_text(path, MAX_SIZE) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed("read", path)(source)),
    }
}

fn write(path: &Path, text: &str) -> Result<(), DeployError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed("create", folder))?;
    }
    // Whoever runs the deployment reads the files: they have the permissions of any new file.
    let written = match atomic_file::create(path, text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            atomic_file::edit(path, text.as_bytes())
        }
        written => written,
    };
    written.map_err(failed("write", path))
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DeployError {
    let path = path.to_owned();
    move |source| DeployError::Io { action, path, source }
}
