//! Devices, FIFOs and huge files in place of small ones: refused by name, and never waited for.

use std::{fs, os::unix::fs::symlink};

use crate::support::{Plain, Sandbox, plain};

#[test]
fn configuration_files() {
    for name in ["loom.toml", ".env", "../home/.config/loom/config.toml"] {
        for make in [
            |sandbox: &Sandbox, name: &str| drop(sandbox.fifo(name)),
            |sandbox: &Sandbox, name: &str| {
                let path = sandbox.write(name, "");
                fs::remove_file(&path).unwrap();
                symlink("/dev/zero", &path).unwrap();
            },
            |sandbox: &Sandbox, name: &str| drop(sandbox.write(name, &" ".repeat((1 << 20) + 1))),
        ] {
            let sandbox = Sandbox::new();
            sandbox.write("loom.toml", "name = \"x\"\n");
            let _ = fs::remove_file(sandbox.project().join(name));
            make(&sandbox, name);
            let file = name.rsplit('/').next().unwrap();
            let run = sandbox.loom(&["which"]).code(2).says(&["cannot read", file]);
            let why = ["not a regular file", "larger than 1 MiB"];
            assert!(why.iter().any(|why| run.stderr().contains(why)), "{}", run.stderr());
        }
    }
    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", "name = \"x\"\n");
    fs::create_dir(sandbox.project().join(".env")).unwrap();
    sandbox.loom(&["config", "check"]).ok();
}

#[test]
fn certificates() {
    let mut sandbox = Sandbox::new();
    let source = "[[sources]]\ntype = \"mirror\"\nurl = \"https://mirror.invalid\"\n";
    let user = sandbox.home().join(".config/loom/config.toml");
    let fifo = sandbox.fifo("fifo.pem").display().to_string();
    for ca in ["/dev/zero", fifo.as_str()] {
        sandbox.write(&user, &format!("{source}ca = \"{ca}\"\n"));
        let run = sandbox.loom(&["get", "0.2.0"]).says(&[ca, "not a regular file"]);
        assert_ne!(run.exit(), 0);
        sandbox.write(&user, source);
        sandbox.set("SSL_CERT_FILE", ca);
        let run = sandbox.loom(&["get", "0.2.0"]).says(&[ca, "not a regular file"]);
        assert_ne!(run.exit(), 0);
        sandbox.unset("SSL_CERT_FILE");
    }
}

#[test]
fn logins() {
    let mut sandbox = Sandbox::new();
    let netrc = sandbox.fifo("netrc");
    sandbox.set("NETRC", &netrc);
    sandbox.sources(&[("https://mirror.invalid", "")]);
    let doctor = sandbox.loom(&["doctor"]);
    assert!(doctor.stdout().contains("not a regular file"), "{}", doctor.stdout());
}

#[test]
fn credentials_of_buckets() {
    let aws = [("AWS_REGION", "us-east-1"), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/x")];
    let eks = [("AWS_REGION", "us-east-1"), ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://h/")];
    let azure = [("AZURE_CLIENT_ID", "a"), ("AZURE_TENANT_ID", "b")];
    for (url, others, variable) in [
        ("s3://bucket1/p", &aws[..], "AWS_WEB_IDENTITY_TOKEN_FILE"),
        ("s3://bucket1/p", &eks, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
        ("gs://bucket1/p", &[], "GOOGLE_APPLICATION_CREDENTIALS"),
        ("gs://bucket1/p", &[], "GOOGLE_SERVICE_ACCOUNT"),
        ("az://container1/p", &azure, "AZURE_FEDERATED_TOKEN_FILE"),
    ] {
        let mut sandbox = Sandbox::new();
        for (name, value) in others {
            sandbox.set(name, value);
        }
        sandbox.set("AZURE_STORAGE_ACCOUNT_NAME", "account1");
        let fifo = sandbox.fifo("fifo").display().to_string();
        let huge = sandbox.write("huge", &" ".repeat((1 << 20) + 1)).display().to_string();
        for (file, why) in [
            ("/dev/zero", "not a regular file"),
            (&fifo, "not a regular file"),
            (&huge, "larger than 1 MiB"),
            ("/gone", "No such file"),
        ] {
            sandbox.set(variable, file);
            let run = sandbox.loom(&["get", "0.2.0", "--source", url]).code(4);
            run.says(&["no credentials", &format!("{file} ({variable})"), why]);
        }
    }
    // The files that the tools of AWS and Google keep in the home folder.
    for (url, name) in [
        ("gs://bucket1/p", ".config/gcloud/application_default_credentials.json"),
        ("s3://bucket1/p", ".aws/credentials"),
        ("s3://bucket1/p", ".aws/config"),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.set("AWS_REGION", "us-east-1");
        sandbox.set("AWS_PROFILE", "default");
        let file = sandbox.home().join(name);
        sandbox.fifo(&file);
        let run = sandbox.loom(&["get", "0.2.0", "--source", url]).code(4);
        run.says(&[file.to_str().unwrap(), "not a regular file"]);
    }
}

#[test]
fn files_of_the_state_folder() {
    let mirror = Plain::of(&["0.2.0"]);
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    let sandbox = Sandbox::new();
    sandbox.loom(&get).ok();
    let pins = sandbox.state().join("pins");
    let mut pinned = Vec::new();
    collect(&pins, &mut pinned);
    let [pin] = &pinned[..] else { panic!("{pinned:?}") };
    fs::remove_file(pin).unwrap();
    sandbox.fifo(pin);
    let force = [&get[..], &["--force-download"]].concat();
    sandbox.loom(&force).code(1).says(&[pin.to_str().unwrap(), "not a regular file"]);
    for damage in
        [(|path| fs::create_dir_all(path.join("inside"))) as fn(&std::path::Path) -> _, |path| {
            fs::write(path, "{")
        }]
    {
        sandbox.loom(&["remove", "0.2.0", "--forget"]).ok();
        sandbox.loom(&get).ok();
        fs::remove_file(pin).unwrap();
        damage(pin).unwrap();
        sandbox.loom(&force).code(1).says(&["first-seen digests", "loom remove 0.2.0 --forget"]);
        let repair = sandbox.loom(&["store", "repair", "--offline"]).code(6).stdout();
        assert!(repair.starts_with(pin.to_str().unwrap()), "{repair}");
        assert_eq!(repair.matches("cannot be used").count(), 1, "{repair}");
        assert!(repair.contains("`loom remove 0.2.0 --forget`"), "{repair}");
    }

    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.state()).unwrap();
    let lock = sandbox.fifo(sandbox.state().join("trusted.json.lock"));
    sandbox.loom(&["init"]).code(1).says(&["could not lock", lock.to_str().unwrap()]);
}

#[test]
fn documents_of_the_store() {
    let mirror = Plain::of(&["0.2.0"]);
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    for folder in ["verifications", "releases", "receipts", "fingerprints"] {
        let sandbox = Sandbox::new();
        sandbox.loom(&get).ok();
        let mut documents = Vec::new();
        collect(&sandbox.cache().join(folder), &mut documents);
        let [document] = &documents[..] else { panic!("{documents:?}") };
        fs::remove_file(document).unwrap();
        sandbox.fifo(document);
        // Nothing waits for a writer; where the document counts, its damage is named.
        for command in [&["which", "0.2.0"][..], &["list"], &["why", "0.2.0"], &["store", "verify"]]
        {
            let run = sandbox.loom(command);
            if run.exit() != 0 && command[0] == "which" {
                run.says(&["is here, but its", "expected a file, got a FIFO"]);
            }
        }
    }
}

/// The files below a folder, without locks.
fn collect(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_none_or(|extension| extension != "lock") {
            found.push(path);
        }
    }
}

#[test]
fn checksum_files_of_a_mirror() {
    let mirror = Plain::of(&["0.2.0"]);
    let asset = mirror.asset("0.2.0", crate::support::Packing::TarGz);
    let sidecar = plain::sidecar(&asset);
    fs::remove_file(&sidecar).unwrap();
    let sandbox = Sandbox::new();
    for make in [
        |sandbox: &Sandbox, path: &std::path::Path| drop(sandbox.fifo(path)),
        |_: &Sandbox, path: &std::path::Path| symlink("/dev/zero", path).unwrap(),
    ] {
        make(&sandbox, &sidecar);
        let run = sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]);
        assert_ne!(run.exit(), 0);
        run.says(&[asset.file_name().unwrap().to_str().unwrap()]);
        fs::remove_file(&sidecar).unwrap();
    }
}
