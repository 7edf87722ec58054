//! Finds the loader and the libraries of a program for Linux in the folders of a system.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use loom_source::Platform;

use super::ElfLinks;

/// The largest number of files that a program needs.
const MOST: usize = 256;

/// Why the libraries of a program were not found.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// A file that a program or a library needs is not there.
    #[error("{name}, which {of} needs, is not in {}", folders.join(", "))]
    Missing {
        /// The file.
        name: String,
        /// What needs it.
        of: String,
        /// Where it was looked for.
        folders: Vec<String>,
    },
    /// A program needs more files than anything does.
    #[error("{of} needs more than {MOST} libraries")]
    TooMany {
        /// The program.
        of: String,
    },
    /// A file cannot be read or written.
    #[error("could not use {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// The folders where loaders of a platform look without being told, below the root of a system.
fn folders(platform: Platform) -> Vec<String> {
    let triplet = match platform {
        Platform::LinuxAarch64 => "aarch64-linux-gnu",
        _ => "x86_64-linux-gnu",
    };
    let of_all = ["lib64", "usr/lib64", "lib", "usr/lib"].map(str::to_owned);
    [format!("lib/{triplet}"), format!("usr/lib/{triplet}")].into_iter().chain(of_all).collect()
}

/// The files that a program needs to be loaded, by their paths in the root of a system. None for a static program, and for one
/// that is none of Linux.
///
/// # Errors
/// Where a file is missing or cannot be read.
pub(super) fn needed(
    program: &Path,
    platform: Platform,
    root: &Path,
) -> Result<BTreeMap<String, PathBuf>, LibraryError> {
    let mut found = BTreeMap::new();
    let Some(links) = read(program)? else { return Ok(found) };
    let Some(interpreter) = &links.interpreter else { return Ok(found) };
    let mut search = LibrarySearch { root, folders: folders(platform), links: &links };
    let of = name_of(program);
    let loader = search.loader(interpreter, &of)?;
    let loader_name = name_of(Path::new(interpreter));
    let mut wanted: Vec<(String, String)> = Vec::new();
    wanted.extend(links.libraries.iter().map(|name| (name.clone(), of.clone())));
    found.insert(interpreter.trim_start_matches('/').to_owned(), loader);
    let mut seen = vec![loader_name];
    while let Some((name, of)) = wanted.pop() {
        if seen.contains(&name) {
            continue;
        }
        if seen.len() >= MOST {
            return Err(LibraryError::TooMany { of: name_of(program) });
        }
        let (path, file, more) = search.library(&name, &of)?;
        wanted.extend(more.into_iter().map(|more| (more, name.clone())));
        found.insert(path, file);
        seen.push(name);
    }
    Ok(found)
}

/// Looks for what a program needs.
struct LibrarySearch<'a> {
    root: &'a Path,
    folders: Vec<String>,
    links: &'a ElfLinks,
}

impl LibrarySearch<'_> {
    fn loader(&mut self, path: &str, of: &str) -> Result<PathBuf, LibraryError> {
        let below = path.trim_start_matches('/');
        let file = self.root.join(below);
        let is_below = Path::new(below)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if is_below && file.is_file() {
            return Ok(file);
        }
        let folders = vec![self.root.display().to_string()];
        Err(LibraryError::Missing { name: path.to_owned(), of: of.to_owned(), folders })
    }

    /// The path of a library, its file, and the names of those that it needs itself.
    fn library(
        &mut self,
        name: &str,
        of: &str,
    ) -> Result<(String, PathBuf, Vec<String>), LibraryError> {
        let is_name = Path::new(name).file_name().is_some_and(|file| file == name);
        for folder in self.folders.iter().filter(|_| is_name) {
            let file = self.root.join(folder).join(name);
            if !fs::metadata(&file).is_ok_and(|metadata| metadata.is_file()) {
                continue;
            }
            // Folders of another processor may be among them.
            match read(&file)? {
                Some(links) if links.machine == self.links.machine => {
                    return Ok((format!("{folder}/{name}"), file, links.libraries));
                }
                _ => {}
            }
        }
        let folders =
            self.folders.iter().map(|folder| self.root.join(folder).display().to_string());
        Err(LibraryError::Missing {
            name: name.to_owned(),
            of: of.to_owned(),
            folders: folders.collect(),
        })
    }
}

fn read(path: &Path) -> Result<Option<ElfLinks>, LibraryError> {
    ElfLinks::read(path).map_err(|source| LibraryError::Io { path: path.to_owned(), source })
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
