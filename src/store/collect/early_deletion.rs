//! Deletes trees while others are still taken out of use: one waits for the disk while the other computes.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        mpsc::{Sender, channel},
    },
    thread::{Scope, ScopedJoinHandle},
};

use loom_base::LockExt as _;
use loom_source::Digest;

use crate::store::{cores::waiting_threads, trash::trash_name};

/// Threads that delete the trees that they are handed; without a tree there are none.
#[derive(Debug)]
pub(super) struct EarlyDeletion<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    trees: PathBuf,
    sender: Option<Sender<Digest>>,
    threads: Vec<ScopedJoinHandle<'scope, u64>>,
}

impl<'scope, 'env> EarlyDeletion<'scope, 'env> {
    /// `trees` is the folder of trees.
    pub(super) fn new(scope: &'scope Scope<'scope, 'env>, trees: PathBuf) -> Self {
        Self { scope, trees, sender: None, threads: Vec::new() }
    }

    /// Hands over trees whose new names are on the disk.
    #[cfg(unix)]
    pub(super) fn add(&mut self, taken: impl IntoIterator<Item = Digest>) {
        let mut taken = taken.into_iter().peekable();
        if self.sender.is_none() && taken.peek().is_some() {
            self.begin();
        }
        // Where no thread could begin, the trees are deleted later.
        if let Some(sender) = &self.sender {
            taken.take_while(|tree| sender.send(*tree).is_ok()).for_each(drop);
        }
    }

    /// Folders are not opened while they are deleted on other systems.
    #[cfg(not(unix))]
    pub(super) fn add(&mut self, _: impl IntoIterator<Item = Digest>) {}

    #[cfg(unix)]
    fn begin(&mut self) {
        use crate::store::emptied::EmptyingFolder;
        let (sender, receiver) = channel();
        let queue = Arc::new(Mutex::new(receiver));
        self.sender = Some(sender);
        for _ in 0..waiting_threads() {
            let Ok(folder) = EmptyingFolder::open(&self.trees) else { break };
            let queue = Arc::clone(&queue);
            let work = move || {
                let next = || queue.locked().recv().ok();
                std::iter::from_fn(next)
                    .filter_map(|tree| folder.empty(trash_name(&tree).as_ref()).ok())
                    .map(|emptied| emptied.freed)
                    .sum()
            };
            self.threads.push(self.scope.spawn(work));
        }
    }

    /// Waits until what was handed over is deleted; answers how many bytes that freed. What could not be deleted is left.
    pub(super) fn finish(self) -> u64 {
        drop(self.sender);
        self.threads.into_iter().map(|thread| thread.join().unwrap_or_default()).sum()
    }
}
