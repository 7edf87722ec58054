//! [`TarHeader`]: the headers of the archive (POSIX.1-1988, "ustar"), of which each file has exactly one form.

use loom_source::Digest;

use super::file::BundleFile;

/// The size of a header, and what all files are padded to, in bytes.
pub(crate) const BLOCK: usize = 512;

/// The size of the end of an archive, in bytes: two blocks of zeros.
pub(crate) const END: usize = 2 * BLOCK;

/// The largest value of a field of eleven octal digits.
const MAX_NUMBER: u64 = 0o77_777_777_777;

const NAME: usize = 100;
const PREFIX: usize = 155;

/// The header of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TarHeader(pub(crate) [u8; BLOCK]);

impl TarHeader {
    /// The only header that a file of a bundle may have.
    ///
    /// # Errors
    /// Where no header can state the path, the size or the time.
    pub(crate) fn of(file: &BundleFile, time: u64) -> Result<Self, &'static str> {
        let (prefix, name) = split(&file.path).ok_or("its path is too long for a tar archive")?;
        if file.size > MAX_NUMBER {
            return Err("a file of a tar archive is smaller than 8 GiB");
        }
        if time > MAX_NUMBER {
            return Err("the time of the bundle is too late for a tar archive");
        }
        let mode = if file.executable { 0o755 } else { 0o644 };
        let mut header = [0; BLOCK];
        let mut put = |at: usize, text: &str| {
            header[at..at + text.len()].copy_from_slice(text.as_bytes());
        };
        put(0, name);
        put(100, &format!("{mode:07o}"));
        // The user and the group 0.
        put(108, "0000000");
        put(116, "0000000");
        put(124, &format!("{:011o}", file.size));
        put(136, &format!("{time:011o}"));
        put(148, "        ");
        put(156, "0");
        put(257, "ustar");
        put(263, "00");
        put(329, "0000000");
        put(337, "0000000");
        put(345, prefix);
        let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        Ok(Self(header))
    }

    /// The size that the header of the file `path` states; `None` where it is the header of something else.
    pub(crate) fn size(&self, path: &str) -> Option<u64> {
        let Self(header) = self;
        let name = header[..NAME].split(|byte| *byte == 0).next()?;
        let digits = std::str::from_utf8(&header[124..135]).ok()?;
        let octal = digits.bytes().all(|digit| digit.is_ascii_digit());
        let size = u64::from_str_radix(digits, 8).ok().filter(|_| octal)?;
        (name == path.as_bytes()).then_some(size)
    }
}

/// The number of zeros after a file of this size.
pub(crate) fn padding(size: u64) -> u64 {
    size.next_multiple_of(BLOCK as u64) - size
}

/// A file that no manifest lists.
pub(crate) fn unlisted(path: &str, size: u64) -> BundleFile {
    BundleFile { path: path.to_owned(), size, sha256: Digest::of(b""), executable: false }
}

/// The path as the fields `prefix` and `name`: cut at the first `/` after which the rest fits into `name`.
fn split(path: &str) -> Option<(&str, &str)> {
    if path.len() <= NAME {
        return Some(("", path));
    }
    let mut cuts = path.match_indices('/').map(|(at, _)| (&path[..at], &path[at + 1..]));
    cuts.find(|(_, name)| name.len() <= NAME).filter(|(prefix, _)| prefix.len() <= PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_paths_are_cut_at_the_first_slash_that_fits() {
        let (long, short) = ("d".repeat(90), "f".repeat(100));
        for (path, expected) in [
            ("a/b".to_owned(), Some((String::new(), "a/b".to_owned()))),
            (short.clone(), Some((String::new(), short.clone()))),
            (format!("{long}/{long}"), Some((long.clone(), long.clone()))),
            (format!("abcd/c/{long}/file"), Some(("abcd".to_owned(), format!("c/{long}/file")))),
            ("n".repeat(101), None),
            (format!("{0}/{0}/{short}", "p".repeat(90)), None),
        ] {
            let got = split(&path).map(|(prefix, name)| (prefix.to_owned(), name.to_owned()));
            assert_eq!(got, expected, "{path}");
        }
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        let size = |size| TarHeader::of(&unlisted("a", size), 0);
        assert_eq!(size(MAX_NUMBER).ok().unwrap().size("a"), Some(MAX_NUMBER));
        assert!(size(MAX_NUMBER + 1).is_err());
        assert!(TarHeader::of(&unlisted("a", 0), MAX_NUMBER + 1).is_err());
        let header = TarHeader::of(&unlisted("a", 1), 0).ok().unwrap();
        assert_eq!(header.size("b"), None);
        assert_eq!((padding(0), padding(1), padding(512)), (0, 511, 0));
    }
}
