//! The code blocks of the documentation.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::schema::repository;

/// A page of the documentation.
pub(super) struct Page {
    /// Its path below the repository.
    pub(super) name: String,
    pub(super) text: String,
}

/// A code block.
pub(super) struct Block<'p> {
    /// The line of its first line of code, from 1.
    pub(super) line: usize,
    /// What follows the fence: the language, and remarks after commas.
    pub(super) info: &'p str,
    pub(super) code: Vec<&'p str>,
}

/// README.md and the pages of the site.
pub(super) fn pages() -> Vec<Page> {
    let root = repository();
    let mut files = vec![root.join("README.md")];
    collect(&root.join("docs/src"), &mut files);
    files.sort();
    let page = |file: PathBuf| Page {
        name: file.strip_prefix(&root).unwrap().display().to_string(),
        text: fs::read_to_string(&file).unwrap(),
    };
    files.into_iter().map(page).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
}

impl Page {
    /// The code blocks, in order.
    pub(super) fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks: Vec<Block<'_>> = Vec::new();
        let mut open = false;
        for (index, line) in self.text.lines().enumerate() {
            match (line.strip_prefix("```"), open) {
                (Some(_), true) => open = false,
                (Some(info), false) => {
                    open = true;
                    blocks.push(Block { line: index + 2, info: info.trim(), code: Vec::new() });
                }
                (None, true) => blocks.iter_mut().for_each(|block| block.extend(index, line)),
                (None, false) => {}
            }
        }
        blocks
    }

    /// The code blocks with exactly this language and remark.
    pub(super) fn blocks_of(&self, info: &str) -> Vec<Block<'_>> {
        self.blocks().into_iter().filter(|block| block.info == info).collect()
    }
}

impl<'p> Block<'p> {
    /// Adds the line with this index, if it continues the block.
    fn extend(&mut self, index: usize, line: &'p str) {
        if self.line + self.code.len() == index + 1 {
            self.code.push(line);
        }
    }
}
