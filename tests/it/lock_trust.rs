//! Whose lock file it is: until its content is trusted it picks no version, vouches for nothing, and refuses.

use std::fs;

use crate::support::{Entry, Packing, Plain, Sandbox, Sums, platform, program};

/// A project with a lock file that somebody else has made: for 0.2.0 as `mirror` has it.
fn checkout(mirror: &Plain, version: &str) -> Sandbox {
    let author = Sandbox::new();
    author.sources(&[(&mirror.url(), "")]);
    author.write("loom.toml", &format!("[bridge]\nversion = \"{version}\"\n"));
    author.loom(&["lock"]).ok();
    let sandbox = Sandbox::new();
    sandbox.sources(&[(&mirror.url(), "")]);
    for name in ["loom.toml", "loom.lock"] {
        fs::copy(author.project().join(name), sandbox.project().join(name)).unwrap();
    }
    sandbox
}

const UNTRUSTED: &[&str] = &["loom.lock is not trusted: it picks no version", "loom trust"];

#[test]
fn an_untrusted_lock_picks_no_version() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = checkout(&mirror, "latest");
    mirror.add("0.3.0", Packing::TarGz, &program::small("0.3.0"), Sums::Sidecar);
    assert_eq!(sandbox.loom(&["get"]).ok().says(UNTRUSTED).path(), sandbox.link("0.3.0"));
    let picks = "is not trusted to pick 0.2.0 for \"latest\"";
    sandbox.loom(&["get", "--locked"]).code(8).says(&[picks, "loom trust"]);
    sandbox.loom(&["up", "--frozen"]).code(8).says(&[picks]);

    let trusted = sandbox.loom(&["trust"]).ok().stdout();
    assert!(trusted.contains("loom-bridge-server 0.2.0 for \"latest\""), "{trusted}");
    let get = sandbox.loom(&["get", "--locked"]).ok().never_says(&["not trusted"]);
    assert_eq!(get.path(), sandbox.link("0.2.0"));

    // Another content is not what was trusted, and neither is it once the trust is revoked.
    let file = sandbox.project().join("loom.lock");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}\n")).unwrap();
    sandbox.loom(&["get", "--locked"]).code(8).says(&[picks]);
    fs::write(&file, &text).unwrap();
    sandbox.loom(&["get", "--locked"]).ok();
    sandbox.loom(&["trust", "--revoke"]).ok();
    sandbox.loom(&["get", "--locked"]).code(8);
}

#[test]
fn the_environment_trusts_a_lock_for_one_run() {
    let mirror = Plain::of(&["0.2.0"]);
    let mut sandbox = checkout(&mirror, "latest");
    mirror.add("0.3.0", Packing::TarGz, &program::small("0.3.0"), Sums::Sidecar);
    sandbox.set("LOOM_TRUST_PROJECT", "1").set("LOOM_LOCKED", "1");
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
    sandbox.unset("LOOM_TRUST_PROJECT");
    sandbox.loom(&["get"]).code(8);
    // A file that the user names on the command line is the user's word.
    assert_eq!(sandbox.loom(&["get", "--lock", "loom.lock"]).ok().path(), sandbox.link("0.2.0"));
}

#[test]
fn an_untrusted_lock_vouches_for_nothing() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = checkout(&mirror, "0.2.0");
    fs::remove_file(crate::support::plain::sidecar(&mirror.asset("0.2.0", Packing::TarGz)))
        .unwrap();
    for args in [&["get"][..], &["get", "--locked"]] {
        sandbox.loom(args).code(6).says(&["no checksum given for"]);
    }
    assert!(sandbox.trees().is_empty());
    sandbox.loom(&["trust"]).ok();
    sandbox.loom(&["get", "--locked"]).ok();
}

#[test]
fn an_untrusted_lock_refuses_other_digests() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = checkout(&mirror, "0.2.0");
    mirror.add("0.2.0", Packing::TarGz, &program::small("another"), Sums::Sidecar);
    let differs = ["checksum of loom-bridge-server 0.2.0", "differs from the lock: expected "];
    sandbox.loom(&["get"]).code(6).says(&differs);
    assert!(sandbox.trees().is_empty());

    // Where the user waived checksums, the bytes are compared with the lock all the same.
    fs::remove_file(crate::support::plain::sidecar(&mirror.asset("0.2.0", Packing::TarGz)))
        .unwrap();
    let waived = ["get", "--allow-unverified"];
    sandbox.loom(&waived).code(6).says(&["checksum mismatch for", "loom.lock"]);
    assert!(sandbox.trees().is_empty());
}

#[test]
fn a_lock_made_by_the_user_is_trusted_where_the_sources_confirm_it() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = checkout(&mirror, "latest");
    let file = sandbox.project().join("loom.lock");
    // Nothing new is written, and the digests were seen at the user's own source.
    let same = sandbox.loom(&["lock"]).ok().never_says(&["is not trusted"]).stdout();
    assert!(same.ends_with("unchanged\n"), "{same}");
    sandbox.loom(&["get", "--locked"]).ok().never_says(&["is not trusted"]);

    let sandbox2 = checkout(&mirror, "latest");
    let text = fs::read_to_string(&file).unwrap();
    let more = text.replace(&format!("platform.{}]", platform()), "platform.windows-x86_64]");
    let more = more.split("[binary.platform").nth(1).unwrap().to_owned();
    let file = sandbox2.project().join("loom.lock");
    fs::write(&file, format!("{text}\n[binary.platform{more}")).unwrap();
    sandbox2.loom(&["lock"]).ok().says(&["is not trusted: it holds more than the sources confirm"]);
    sandbox2.loom(&["get", "--locked"]).code(8);
}

#[test]
fn a_lock_that_the_sources_contradict_is_not_changed() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = checkout(&mirror, "latest");
    let before = fs::read(sandbox.project().join("loom.lock")).unwrap();
    let bytes = Packing::TarGz.pack(&Entry::program(&program::small("another")));
    mirror.add_bytes("0.2.0", &Packing::TarGz.asset("0.2.0"), &bytes, Sums::Sidecar);
    for args in [&["lock"][..], &["lock", "--full"], &["update", "--version", "0.2.0"]] {
        sandbox.loom(args).code(6).says(&["differs from the lock", "remove the entry from it"]);
    }
    assert_eq!(fs::read(sandbox.project().join("loom.lock")).unwrap(), before);
}

#[test]
fn a_lock_narrows_and_the_users_policy_still_applies() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = checkout(&mirror, "0.2.0");
    sandbox.loom(&["trust"]).ok();
    let user = sandbox.home().join(".config/loom/config.toml");
    let config = fs::read_to_string(&user).unwrap();
    sandbox.write(&user, &format!("{config}[trust]\nsignature = \"required\"\n"));
    sandbox.loom(&["get", "--locked"]).code(6).says(&["signature"]);
    assert!(sandbox.trees().is_empty());
}
