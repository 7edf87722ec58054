//! The operations of one run, from its system calls.

use std::{
    collections::{BTreeMap, VecDeque},
    os::unix::ffi::OsStrExt as _,
    path::Path,
};

use crate::{
    disk::{Disk, Inode, Node, Operation, ROOT},
    tally::Outcome,
    trace::Call,
};

/// The calls that a recording needs.
pub(crate) const RECORDED: &str = "write,pwrite64,writev,rename,renameat,renameat2,link,linkat,symlink,symlinkat,\
    unlink,unlinkat,rmdir,mkdir,mkdirat,chmod,fchmod,fchmodat,truncate,ftruncate,fsync,fdatasync,syncfs,openat,\
    copy_file_range,lseek,sendfile";

/// What one run did to a folder.
#[derive(Debug)]
pub(crate) struct Recording {
    /// The folder before the run, and every file that the run made, still empty and without a name.
    pub(crate) disk: Disk,
    /// What the run did.
    pub(crate) operations: Vec<Operation>,
}

/// Follows the calls.
struct Recorder<'a> {
    root: &'a [u8],
    /// The files of the recording, in which operations are not done.
    blank: Disk,
    /// The folder as it is now.
    now: Disk,
    operations: Vec<Operation>,
    /// The open files: which file, and where the next byte is read or written.
    open: BTreeMap<i64, (Inode, usize)>,
}

impl Recording {
    /// Follows the calls of a run that began with `disk` at `root` and ended with what is there now.
    pub(crate) fn of(disk: Disk, root: &Path, calls: &[Call]) -> Outcome<Self> {
        let mut recorder = Recorder {
            root: root.as_os_str().as_bytes(),
            now: disk.clone(),
            blank: disk,
            operations: Vec::new(),
            open: BTreeMap::new(),
        };
        let succeeded = |call: &&Call| call.result.is_some_and(|result| result >= 0);
        let mut waiting: VecDeque<&Call> = calls.iter().filter(succeeded).collect();
        while let Some(call) = waiting.pop_front() {
            while recorder.follow(call).is_none() {
                recorder
                    .follow_one_begun_before_the_end(call, &mut waiting)
                    .ok_or_else(|| format!("not understood: {call:?}"))?;
            }
        }
        if recorder.now.digest(ROOT) != Disk::read(root)?.digest(ROOT) {
            return Err("the calls do not explain what the run did".into());
        }
        Ok(Self { disk: recorder.blank, operations: recorder.operations })
    }
}

impl Recorder<'_> {
    fn does(&mut self, operation: Operation) {
        self.now.apply(&operation);
        self.operations.push(operation);
    }

    /// A new file, folder or link.
    fn make(&mut self, node: Node) -> Inode {
        self.blank.nodes.push(node.clone());
        self.now.nodes.push(node);
        self.now.nodes.len() - 1
    }

    /// Takes one of the calls that ended after `call` and began before its end. Another thread
    /// made it, and its effect may have been there first: a thread can be held up between the
    /// effect of a call and its end.
    fn follow_one_begun_before_the_end<'b>(
        &mut self,
        call: &Call,
        later: &mut VecDeque<&'b Call>,
    ) -> Option<&'b Call> {
        let overlaps = |later: &Call| later.began < call.ended;
        let found = (0..later.len())
            .find(|at| overlaps(later[*at]) && self.follow(later[*at]).is_some())?;
        later.remove(found)
    }

    /// Whether a path is in the recorded folder.
    fn is_inside(&self, path: &[u8]) -> bool {
        path.strip_prefix(self.root).is_some_and(|below| below.starts_with(b"/"))
    }

    /// Folder and name of a path; nothing if it is out of the recorded folder, or its folder is
    /// not there yet.
    fn place(&self, path: &[u8]) -> Option<(Inode, Vec<u8>)> {
        let below = path.strip_prefix(self.root)?.strip_prefix(b"/")?;
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in below.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let name = parts.pop()?;
        let mut folder = parts.into_iter();
        let folder = folder.try_fold(ROOT, |folder, part| self.now.entry(folder, part))?;
        Some((folder, name.to_vec()))
    }

    fn inode(&self, path: &[u8]) -> Option<Inode> {
        if path == self.root {
            return Some(ROOT);
        }
        let (folder, name) = self.place(path)?;
        self.now.entry(folder, &name)
    }

    /// The paths among the arguments, made absolute by the descriptors before them.
    fn paths(&self, call: &Call) -> Vec<Vec<u8>> {
        let folders = call.descriptors();
        let strings = call.strings();
        let last = folders.len().saturating_sub(1);
        let absolute = |(at, path): (usize, Vec<u8>)| match folders.get(at.min(last)) {
            Some((_, folder)) if !path.starts_with(b"/") => [&folder[..], b"/", &path].concat(),
            None if !path.starts_with(b"/") => [self.root, b"/project/", &path].concat(),
            _ => path,
        };
        strings.into_iter().enumerate().map(absolute).collect()
    }

    /// The open file that a call is about, if it is in the recorded folder.
    fn file(&self, call: &Call) -> Option<(i64, Inode, usize)> {
        let (fd, path) = call.descriptors().into_iter().next()?;
        if !path.starts_with(self.root) {
            return None;
        }
        // A process that the program has started may have opened another file under the same number.
        let (known, named) = (self.open.get(&fd).copied(), self.inode(&path));
        match (known, named) {
            (Some((inode, at)), None) => Some((fd, inode, at)),
            (Some((inode, at)), Some(named)) if inode == named => Some((fd, inode, at)),
            (_, named) => named.map(|inode| (fd, inode, 0)),
        }
    }

    /// Takes a call; nothing if it is about the folder and not understood.
    fn follow(&mut self, call: &Call) -> Option<()> {
        match &*call.name {
            "openat" => self.opens(call),
            "write" | "pwrite64" => self.writes(call),
            "lseek" => {
                if let Some((fd, inode, _)) = self.file(call) {
                    self.open.insert(fd, (inode, usize::try_from(call.result?).ok()?));
                }
                Some(())
            }
            "fsync" | "fdatasync" | "syncfs" | "fchmod" | "ftruncate" => self.changes_open(call),
            "copy_file_range" => self.copies(call),
            "sendfile" | "writev" => {
                (!call.changes(self.root) || call.result == Some(0)).then_some(())
            }
            _ => self.changes_names(call),
        }
    }

    fn opens(&mut self, call: &Call) -> Option<()> {
        let (fd, path) = (call.result?, self.paths(call).pop()?);
        let has = |flag: &str| call.arguments.contains(flag);
        let Some((folder, name)) = self.place(&path) else {
            if path == self.root {
                self.open.insert(fd, (ROOT, 0));
            }
            return (!has("O_CREAT") || !self.is_inside(&path)).then_some(());
        };
        let inode = match self.now.entry(folder, &name) {
            Some(inode) => inode,
            None if has("O_CREAT") => {
                let inode = self.make(Node::File(Vec::new(), mode(call)? & !0o022));
                self.does(Operation::Names(vec![(folder, name, Some(inode))]));
                inode
            }
            None => return Some(()),
        };
        if has("O_TRUNC") {
            self.does(Operation::Truncate(inode, 0));
        }
        let at = match &self.now.nodes[inode] {
            Node::File(bytes, _) if has("O_APPEND") => bytes.len(),
            _ => 0,
        };
        self.open.insert(fd, (inode, at));
        Some(())
    }

    fn writes(&mut self, call: &Call) -> Option<()> {
        let Some((fd, inode, at)) = self.file(call) else { return Some(()) };
        let mut bytes = call.strings().pop()?;
        bytes.truncate(usize::try_from(call.result?).ok()?);
        if call.name == "write" {
            self.open.insert(fd, (inode, at + bytes.len()));
            self.does(Operation::Write(inode, at, bytes));
        } else {
            let at = call.arguments.rsplit(", ").next()?.parse().ok()?;
            self.does(Operation::Write(inode, at, bytes));
        }
        Some(())
    }

    /// Bytes of one file become bytes of another, from where both are.
    fn copies(&mut self, call: &Call) -> Option<()> {
        let [(from, _), (to, path)] = call.descriptors().try_into().ok()?;
        let length = usize::try_from(call.result?).ok()?;
        if !path.starts_with(self.root) || length == 0 {
            return Some(());
        }
        let ((source, start), (target, at)) = (*self.open.get(&from)?, *self.open.get(&to)?);
        let Node::File(bytes, _) = &self.now.nodes[source] else { return None };
        let bytes = bytes.get(start..start + length)?.to_vec();
        self.open.insert(from, (source, start + length));
        self.open.insert(to, (target, at + length));
        self.does(Operation::Write(target, at, bytes));
        Some(())
    }

    fn changes_open(&mut self, call: &Call) -> Option<()> {
        let Some((_, inode, _)) = self.file(call) else { return Some(()) };
        let operation = match &*call.name {
            "syncfs" => Operation::SyncAll,
            "fchmod" => Operation::Mode(inode, mode(call)?),
            "ftruncate" => {
                Operation::Truncate(inode, call.arguments.rsplit(", ").next()?.parse().ok()?)
            }
            _ => Operation::Sync(inode),
        };
        self.does(operation);
        Some(())
    }

    fn changes_names(&mut self, call: &Call) -> Option<()> {
        let paths = self.paths(call);
        let last = paths.last()?;
        let Some((folder, name)) = self.place(last) else {
            return (!self.is_inside(last)).then_some(());
        };
        let made = |inode| Operation::Names(vec![(folder, name.clone(), Some(inode))]);
        let operation = match &*call.name {
            "mkdir" | "mkdirat" => {
                made(self.make(Node::Folder(BTreeMap::new(), mode(call)? & !0o022)))
            }
            "symlink" | "symlinkat" => {
                let target = call.strings().into_iter().next()?;
                made(self.make(Node::Link(target)))
            }
            "link" | "linkat" => made(self.inode(paths.first()?)?),
            "unlink" | "unlinkat" | "rmdir" => Operation::Names(vec![(folder, name, None)]),
            "chmod" | "fchmodat" => Operation::Mode(self.inode(paths.last()?)?, mode(call)?),
            "truncate" => {
                let length = call.arguments.rsplit(", ").next()?.parse().ok()?;
                Operation::Truncate(self.inode(paths.last()?)?, length)
            }
            _ => {
                let (from, old) = self.place(paths.first()?)?;
                let moved = self.now.entry(from, &old)?;
                Operation::Names(vec![(from, old, None), (folder, name, Some(moved))])
            }
        };
        self.does(operation);
        Some(())
    }
}

/// The mode among the arguments: the last number in octal digits, without the kind of file.
fn mode(call: &Call) -> Option<u32> {
    let text = call.arguments.rsplit(", ").find(|text| text.starts_with('0'))?;
    Some(u32::from_str_radix(text, 8).ok()? & 0o7777)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_whose_making_ended_after_its_first_use_is_understood() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let before = Disk::read(root).expect("the folder is read");
        std::fs::create_dir(root.join("tmp")).expect("a folder");
        std::fs::write(root.join("b"), "").expect("a file");
        let path = |name: &str| format!("\"{}/{name}\"", root.display());
        let (tmp, a, b) = (path("tmp"), path("tmp/a"), path("b"));
        let log = format!(
            "1 mkdir({tmp}, 0755 <unfinished ...>\n\
             2 mkdir({tmp}, 0755) = -1 EEXIST (File exists)\n\
             2 openat(AT_FDCWD</>, {a}, O_RDWR|O_CREAT|O_EXCL, 0644) = 3<{root}/tmp/a>\n\
             1 <... mkdir resumed>) = 0\n\
             2 rename({a}, {b}) = 0\n",
            root = root.display(),
        );
        let calls = crate::trace::read(&log);
        let recording =
            Recording::of(before.clone(), root, &calls).expect("the calls are understood");
        assert_eq!(recording.operations.len(), 3);

        let without_the_folder = &calls[1..2];
        let missing =
            Recording::of(before, root, without_the_folder).expect_err("no folder was made");
        assert!(missing.to_string().starts_with("not understood"), "{missing}");
    }
}
