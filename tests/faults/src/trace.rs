//! Reads the output of strace: one call per line, all strings in hexadecimal escapes.

use std::collections::BTreeMap;

/// The system calls that change a file system, or begin to.
pub(crate) const CHANGING: &str = "write,pwrite64,writev,rename,renameat,renameat2,link,linkat,symlink,symlinkat,\
    unlink,unlinkat,rmdir,mkdir,mkdirat,chmod,fchmod,fchmodat,truncate,ftruncate,fsync,fdatasync,syncfs,openat,\
    copy_file_range,utimensat,fallocate,sendfile";

/// A system call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Its name.
    pub(crate) name: String,
    /// Its number among the calls of this name in its thread, from 1.
    pub(crate) number: usize,
    /// The line of the log in which it began.
    pub(crate) began: usize,
    /// The line of the log in which it ended; the last possible one if it never did.
    pub(crate) ended: usize,
    /// Its arguments as strace writes them, strings decoded only by [`strings`](Self::strings).
    pub(crate) arguments: String,
    /// What it returned.
    pub(crate) result: Option<i64>,
    /// Whether strace made it fail.
    pub(crate) injected: bool,
}

/// Reads all calls, in the order in which they ended.
pub(crate) fn read(log: &str) -> Vec<Call> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut begun: BTreeMap<String, Call> = BTreeMap::new();
    let mut calls = Vec::new();
    for (line_number, line) in log.lines().enumerate() {
        let Some((thread, text)) = line.split_once(' ') else { continue };
        let text = text.trim_start();
        if let Some(rest) = text.strip_prefix("<... ") {
            let Some(mut call) = begun.remove(thread) else { continue };
            call.arguments += rest.split_once("resumed>").map_or("", |(_, rest)| rest);
            calls.push(call.end(line_number));
            continue;
        }
        let Some((name, rest)) = text.split_once('(') else { continue };
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        let number = counts.entry((thread.to_owned(), name.to_owned())).or_insert(0);
        *number += 1;
        let start = rest.strip_suffix(" <unfinished ...>");
        let call = Call {
            name: name.to_owned(),
            number: *number,
            began: line_number,
            ended: usize::MAX,
            arguments: start.unwrap_or(rest).to_owned(),
            result: None,
            injected: false,
        };
        match start {
            Some(_) => drop(begun.insert(thread.to_owned(), call)),
            None => calls.push(call.end(line_number)),
        }
    }
    // A process that was killed in a call never returns from it.
    calls.extend(begun.into_values());
    calls
}

impl Call {
    /// The call with its result, which the text in `arguments` ends with.
    fn end(mut self, line_number: usize) -> Self {
        self.ended = line_number;
        // No string contains this text: all strings are hexadecimal.
        if let Some((arguments, result)) = self.arguments.rsplit_once(") = ") {
            self.result = result.split([' ', '<']).next().and_then(|text| text.parse().ok());
            self.injected = result.contains("(INJECTED)");
            self.arguments = arguments.to_owned();
        }
        self
    }

    /// The strings among the arguments, decoded.
    pub(crate) fn strings(&self) -> Vec<Vec<u8>> {
        self.arguments.split('"').skip(1).step_by(2).map(decode).collect()
    }

    /// The paths of the open files among the arguments, decoded: `-y` writes them after each descriptor.
    pub(crate) fn descriptors(&self) -> Vec<(i64, Vec<u8>)> {
        let parts = self.arguments.split('<');
        let texts: Vec<&str> = parts.collect();
        let number = |text: &str| {
            let digits = text.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?;
            digits.parse().ok().or((digits == "AT_FDCWD").then_some(-100))
        };
        let pairs = texts.windows(2).filter_map(|pair| {
            let path = pair[1].split('>').next()?;
            Some((number(pair[0])?, decode(path)))
        });
        pairs.collect()
    }

    /// Whether a path among the arguments is in `folder`, but for files that are only read.
    pub(crate) fn changes(&self, folder: &[u8]) -> bool {
        if self.name == "openat" && !self.opens_for_writing() {
            return false;
        }
        let own = self.strings().iter().any(|path| path.starts_with(folder));
        if self.names_relative_path() {
            // The program never changes its folder, which is in the world.
            return true;
        }
        // The folder of an AT_FDCWD is where the process happens to be.
        own || self.descriptors().iter().any(|(fd, path)| *fd >= 0 && path.starts_with(folder))
    }

    /// Whether it is about a path that begins in the folder of the process.
    pub(crate) fn names_relative_path(&self) -> bool {
        let is_about_bytes = self.name.contains("write") || self.name == "sendfile";
        let is_relative = |path: &Vec<u8>| !path.is_empty() && !path.starts_with(b"/");
        let from_here = self.descriptors().iter().all(|(fd, _)| *fd < 0);
        // The target of a symbolic link comes first, and is no path that is changed.
        !is_about_bytes && from_here && self.strings().last().is_some_and(is_relative)
    }

    /// Whether it opens a file for writing, or creates it.
    pub(crate) fn opens_for_writing(&self) -> bool {
        ["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| self.arguments.contains(flag))
    }
}

/// Decodes `\x2f\x64`; other text stays.
fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text;
    while let Some(start) = rest.find("\\x") {
        bytes.extend_from_slice(&rest.as_bytes()[..start]);
        let digits = rest.get(start + 2..start + 4).unwrap_or_default();
        bytes.push(u8::from_str_radix(digits, 16).unwrap_or(b'?'));
        rest = rest.get(start + 4..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_and_counted_by_thread() {
        let log = "1 mkdir(\"\\x2f\\x61\", 0755) = 0\n\
                   2 fsync(3<\\x2f\\x61\\x2f\\x62> <unfinished ...>\n\
                   1 mkdir(\"\\x2f\\x63\", 0755) = -1 EIO (Input/output error) (INJECTED)\n\
                   2 <... fsync resumed>) = 0\n\
                   1 openat(AT_FDCWD<\\x2f\\x61>, \"\\x2f\\x78\", O_RDONLY|O_CLOEXEC) = 7<\\x2f\\x78>\n\
                   2 +++ exited with 0 +++\n";
        let calls = read(log);
        assert_eq!(calls.len(), 4);
        assert_eq!((calls[1].number, calls[1].result, calls[1].injected), (2, Some(-1), true));
        assert_eq!(calls[0].strings(), [b"/a"]);
        assert_eq!(calls[2].descriptors(), [(3, b"/a/b".to_vec())]);
        assert!(calls[2].changes(b"/a/") && !calls[3].changes(b"/"), "{calls:?}");
        assert_eq!(calls[3].result, Some(7));
        let lines =
            "1 rename(\"\\x78\", \"\\x79\") = 0\n1 symlink(\"\\x78\", \"\\x2f\\x79\") = 0\n";
        let relative: Vec<bool> = read(lines).iter().map(Call::names_relative_path).collect();
        assert_eq!(relative, [true, false]);
    }
}
