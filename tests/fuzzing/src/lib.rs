//! Every reader of data that others wrote, as a function of bytes that asserts more than that it returns.
//!
//! `fuzz/` runs these functions under libFuzzer; the test of this crate runs the corpora in `fuzz/corpus/` through them.
//!
//! | file | reads |
//! |---|---|
//! | `input` | bytes as text |
//! | `archives` | tar, gzip, Zstandard and zip into a staged tree |
//! | `documents` | records, statements, indexes, roots, timestamps, listings and other files of a store |
//! | `signatures` | signatures and keys of each kind |
//! | `bundles` | bundles: manifest, headers, signature |
//! | `texts` | names, versions, addresses, checksum files, logins, configuration, lock files |
//! | `answers` | what servers, plugins and supervisors answer |
//! | `variables` | the environment variables of the server |
#![allow(clippy::expect_used)] // a target reports by panicking
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod answers;
mod archives;
mod bundles;
mod documents;
mod input;
mod signatures;
mod texts;
mod variables;

/// A target: its name, the longest input that it is given, and what reads it.
#[derive(Debug, Clone, Copy)]
pub struct FuzzTarget {
    /// The name, which is that of the folder of its corpus.
    pub name: &'static str,
    /// The longest input, in bytes.
    pub longest: usize,
    /// Reads bytes.
    pub run: fn(&[u8]),
}

const fn target(name: &'static str, longest: usize, run: fn(&[u8])) -> FuzzTarget {
    FuzzTarget { name, longest, run }
}

/// All targets.
pub const TARGETS: &[FuzzTarget] = &[
    target("tar", 8192, archives::tar),
    target("tar-gz", 4096, archives::tar_gz),
    target("tar-zst", 4096, archives::tar_zst),
    target("zip", 4096, archives::zip),
    target("listing", 2048, documents::listing),
    target("record", 4096, documents::record),
    target("statement", 4096, documents::statement),
    target("index", 4096, documents::index),
    target("root", 4096, documents::root),
    target("timestamp", 2048, documents::timestamp),
    target("verification", 4096, documents::verification),
    target("store-documents", 4096, loom_runtime::store::fuzzing::documents),
    target("root-file", 2048, loom_runtime::store::fuzzing::root_file),
    target("minisign", 1024, signatures::minisign),
    target("cosign", 1024, signatures::cosign),
    target("openpgp", 2048, signatures::openpgp),
    target("sigstore", 8192, signatures::sigstore),
    target("keys", 4096, signatures::keys),
    target("bundle-manifest", 2048, bundles::manifest),
    target("bundle", 8192, bundles::bundle),
    target("checksums", 2048, texts::checksums),
    target("names", 512, texts::names),
    target("cleaned", 1024, texts::cleaned),
    target("netrc", 1024, texts::netrc),
    target("lock", 4096, texts::lock),
    target("config", 2048, texts::config),
    target("dotenv", 1024, texts::dotenv),
    target("folder-page", 4096, answers::folder_page),
    target("bucket-page", 4096, loom_mirror::fuzzing::bucket_page),
    target("github", 4096, loom_github::fuzzing::documents),
    target("plugin", 2048, loom_plugin::fuzzing::line),
    target("oci-manifest", 4096, loom_oci::fuzzing::manifest),
    target("oci-registry", 1024, loom_oci::fuzzing::responses),
    target("oci-logins", 2048, loom_oci::fuzzing::logins),
    target("oci-tar", 4096, loom_oci::fuzzing::archive),
    target("completion", 2048, loom_core::llm::fuzzing::document),
    target("events", 2048, answers::events),
    target("mcp", 2048, loom_core::mcp::fuzzing::line),
    target("ready", 1024, answers::ready),
    target("control", 4096, loom_runtime::launch::fuzzing::line),
    target("updates", 2048, loom_runtime::update::fuzzing::documents),
    target("variables", 2048, variables::variable),
];

/// The target with this name.
pub fn named(name: &str) -> Option<&'static FuzzTarget> {
    TARGETS.iter().find(|target| target.name == name)
}
