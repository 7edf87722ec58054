//! `which` and `get` of an installed release where a signature is required, beside the same where none is.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use loom_signatures::sign::MinisignSecretKey;
use loom_source::{
    Authority, Name, Platform, Product,
    contract::{PublishedAsset, PublishedChecksum, PublishedRelease},
};
use loom_test_support::release_folder::{ReleaseLayout, write};
use secrecy::ExposeSecret as _;

use crate::{
    process::{command, measure},
    rounds::{self, Contender, WorkFolder},
    setup::{BenchSetup, Outcome},
    table,
    target::Target,
};

const RUNS: usize = 200;
const VERSION: &str = "0.2.0";

pub(crate) fn run(setup: &BenchSetup) -> Outcome<Vec<Target>> {
    let home = tempfile::tempdir_in(&setup.work)?;
    let source = home.path().join("mirror");
    let key = publish(&source)?;
    let sources = format!("sources = [\"file://{}\"]\n", source.display());
    let user = |name: &str, more: &str| -> Outcome<PathBuf> {
        let folder = home.path().join(name);
        fs::create_dir_all(folder.join(".config/loom"))?;
        fs::write(folder.join(".config/loom/config.toml"), format!("{sources}{more}"))?;
        Ok(folder)
    };
    let plain = user("plain", "")?;
    let required = format!("[trust]\nsignature = \"required\"\nkeys = [\"minisign:{key}\"]\n");
    let required = user("required", &required)?;
    let (loom, cache) = (setup.loom.clone(), home.path().join("cache"));
    let ask = move |name: &'static str, user: &Path| {
        let (loom, cache, user) = (loom.clone(), cache.clone(), user.to_owned());
        move |_: &Path| {
            let mut command = command(&loom, &user);
            command.args([name, VERSION, "--cache-dir"]).arg(&cache);
            command
        }
    };
    // With the signature: both configurations accept what is installed.
    measure(ask("get", &required)(home.path()).arg("--quiet"))?;
    let contenders = [
        Contender::new("loom which", ask("which", &plain)),
        Contender::new("loom which, signature required", ask("which", &required)),
        Contender::new("loom get", ask("get", &plain)),
        Contender::new("loom get, signature required", ask("get", &required)),
    ];
    let runs = setup.rounds(RUNS);
    let costs = rounds::run(&contenders, runs, &WorkFolder::Same(home.path().to_owned()))?;
    table::best(&format!("a required signature, the best of {runs} interleaved runs"), &costs);
    let more = |at: usize| (costs[at + 1].best() - costs[at].best()) * 1_000.0;
    let target = |what, at| Target { what, figure: more(at), limit: 5.0, goal: 0.5 };
    Ok(vec![
        target("a required signature, warm which: ms more", 0),
        target("a required signature, warm get: ms more", 2),
    ])
}

/// Writes the mirror; returns the key that signed its release.
fn publish(folder: &Path) -> Outcome<String> {
    let platform = Platform::current().ok_or("no releases for this platform")?;
    let product = Product { authority: Authority::default(), binary: Name::default(), platform };
    let release = PublishedRelease {
        release: product.at_version(VERSION.parse()?),
        asset: PublishedAsset::Bare,
        bytes: bytes::Bytes::from_static(b"#!/bin/sh\n"),
        checksum: PublishedChecksum::Right,
    };
    fs::create_dir_all(folder)?;
    let name = format!("{}-{VERSION}-{platform}", product.binary);
    write(folder, ReleaseLayout::Versioned, std::slice::from_ref(&release))?;
    let files = MinisignSecretKey::generate(None)?;
    let key = MinisignSecretKey::parse(files.secret.expose_secret(), None)?;
    let signature = key.sign(&mut &release.bytes[..], &name, SystemTime::now())?;
    fs::write(folder.join(format!("v{VERSION}/{name}.minisig")), signature)?;
    let line = files.public.lines().nth(1).ok_or("the key has no second line")?;
    Ok(line.to_owned())
}
