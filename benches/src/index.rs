//! The time and memory to resolve a range by a signed index of 10,000 releases.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use loom_base::time::format_rfc3339;
use loom_signatures::document::DocumentSecretKey;
use loom_source::{
    Authority, Digest, Index, MirrorRoot, Name, Platform,
    contract::{PublishedAsset, PublishedChecksum, PublishedRelease},
    record::{
        DocumentSignature, IndexPayload, KeyId, MirrorId, MirrorKey, MirrorRole, MirrorRoles,
        SignedDocument, SignedKind,
    },
};
use loom_test_support::release_folder::{ReleaseLayout, write};

use crate::{
    process::{command, measure},
    rounds::{self, Contender, WorkFolder},
    setup::{BenchSetup, Outcome},
    table,
    target::Target,
};

const RELEASES: usize = 10_000;
const RUNS: usize = 30;
const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn run(setup: &BenchSetup) -> Outcome<Vec<Target>> {
    let home = tempfile::tempdir_in(&setup.work)?;
    let mirror = home.path().join("mirror");
    let sha256 = publish(&mirror)?;
    let (loom, url) = (setup.loom.clone(), format!("file://{}", mirror.display()));
    let run = move |args: &[&str]| {
        let (loom, url) = (loom.clone(), url.clone());
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        move |home: &Path| {
            let mut command = command(&loom, home);
            command.args(&args).args(["--source", &url]).arg("--cache-dir").arg(home.join("cache"));
            command
        }
    };
    let file = mirror.join("root/1.json").display().to_string();
    measure(&mut run(&["trust", "add-root", &file, "--sha256", &sha256])(home.path()))?;
    let get = ["get", "--quiet", "--version", ">=0.1, <2"];
    // The release that the range selects is installed first, so that only resolving is left.
    measure(&mut run(&get)(home.path()))?;
    let contenders = [
        Contender::new("/bin/true", |home| command("/bin/true", home)),
        Contender::new("loom get RANGE", run(&get)),
    ];
    let runs = setup.rounds(RUNS);
    let costs = rounds::run(&contenders, runs, &WorkFolder::Same(home.path().to_owned()))?;
    table::medians("a range, by a signed index of 10,000 releases", &costs);
    let (time, peak) = (costs[1].wall() * 1_000.0, costs[1].peak());
    Ok(vec![
        Target { what: "index of 10,000 releases: ms", figure: time, limit: 50.0, goal: 50.0 },
        Target {
            what: "index of 10,000 releases: peak MiB",
            figure: peak,
            limit: 32.0,
            goal: 32.0,
        },
    ])
}

/// Writes the mirror; returns the digest of its first root.
fn publish(folder: &Path) -> Outcome<String> {
    let platform = Platform::current().ok_or("no releases for this platform")?;
    let product =
        loom_source::Product { authority: Authority::default(), binary: Name::default(), platform };
    let newest = PublishedRelease {
        release: product.at_version("1.0.0".parse()?),
        asset: PublishedAsset::Bare,
        bytes: bytes::Bytes::from_static(b"#!/bin/sh\n"),
        checksum: PublishedChecksum::Right,
    };
    fs::create_dir_all(folder)?;
    write(folder, ReleaseLayout::Indexed, &[newest])?;
    let unsigned = Index::parse(&fs::read(folder.join(Index::PATH))?)?;
    let mut releases = unsigned.payload.releases;
    for number in 1..RELEASES {
        let mut entry = releases[0].clone();
        entry.version = format!("0.{}.{}", number / 100, number % 100).parse()?;
        entry.statement = Digest::of(&number.to_le_bytes());
        releases.push(entry);
    }
    let (root_key, index_key) = (DocumentSecretKey::generate()?, DocumentSecretKey::generate()?);
    let mirror = MirrorId::from([7; 16]);
    let now = SystemTime::now();
    let index = IndexPayload {
        mirror: Some(mirror),
        root: Some(1),
        serial: 1,
        issued: Some(format_rfc3339(now - DAY)),
        expires: Some(format_rfc3339(now + 30 * DAY)),
        releases,
    };
    let id = |key: &DocumentSecretKey| KeyId::of(key.public().as_bytes());
    let role = |key| MirrorRole { keys: vec![id(key)], threshold: 1 };
    let public = |key| (id(key), MirrorKey::Ed25519(*key.public().as_bytes()));
    let root = MirrorRoot {
        mirror,
        number: 1,
        issued: now - DAY,
        expires: now + 30 * DAY,
        authorities: vec![Authority::default()],
        keys: [public(&root_key), public(&index_key)].into(),
        roles: MirrorRoles { root: role(&root_key), index: role(&index_key), timestamp: None },
    };
    let signed = |kind: SignedKind, payload: String, key: &DocumentSecretKey| {
        let schema = format!("loom-{} 1", kind.as_str());
        let signature = key.sign(&schema, payload.as_bytes());
        let signatures = vec![DocumentSignature::Ed25519 { key: id(key), signature }];
        SignedDocument { payload, signatures }.to_bytes(kind)
    };
    fs::write(folder.join(Index::PATH), signed(SignedKind::Index, index.to_payload(), &index_key))?;
    let root = signed(SignedKind::Root, root.to_payload(), &root_key);
    fs::create_dir_all(folder.join("root"))?;
    fs::write(folder.join("root/1.json"), &root)?;
    Ok(Digest::of(&root).to_string())
}
