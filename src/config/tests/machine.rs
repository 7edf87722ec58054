//! The machine-wide file.

use std::io;

use super::*;

const MACHINE: &str = "/etc/loom/config.toml";

#[test]
fn the_machine_wide_file_is_below_the_users() {
    let world = World::new().file(MACHINE, "[dashboard]\nport = 1\nhost = 'localhost'\n");
    assert_eq!(world.setting("dashboard.port"), (json!(1), format!("{MACHINE}:2")));
    let origin = world.resolved().dashboard.port.origin.json();
    assert_eq!(origin, json!({"from": "machine", "file": MACHINE, "line": 2}));
    let world = world.user(&port(2));
    assert_eq!(world.setting("dashboard.port").0, 2);
    assert_eq!(world.setting("dashboard.host").0, "localhost");
    assert_eq!(world.resolved().files, [PathBuf::from(USER), MACHINE.into()]);
}

#[test]
fn its_problems_are_found() {
    let world = World::new().file(MACHINE, "[dashboard]\nport = 'x'\n");
    let problem =
        format!("{MACHINE}:2: dashboard.port: expected an integer from 0 to 65535, got a string");
    assert_eq!(world.problems(), [problem]);
}

/// Files in memory, of which the machine-wide one is not protected.
struct Unprotected(BTreeMap<PathBuf, String>);

impl Files for Unprotected {
    fn read(&self, file: &std::path::Path) -> io::Result<Option<String>> {
        self.0.read(file)
    }

    fn read_protected(&self, file: &std::path::Path) -> ProtectedFile {
        ProtectedFile::Refused(format!("{} is not owned by root", file.display()))
    }
}

#[test]
fn a_file_that_others_could_write_is_a_warning_and_has_no_effect() {
    let World { files, inputs, .. } = World::new().file(MACHINE, &port(1));
    let files = Unprotected(files);
    let report = check(&inputs, &files).unwrap();
    let expected = format!(
        "{MACHINE}: the machine-wide configuration is not read: {MACHINE} is not owned by root"
    );
    let warnings: Vec<_> = report.warnings.iter().map(ToString::to_string).collect();
    assert_eq!((report.problems, warnings), (vec![], vec![expected]));
    assert_eq!(resolve(&inputs, &files).unwrap().dashboard.port.value, 3030);
}
