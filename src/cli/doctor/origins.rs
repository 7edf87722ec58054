//! Where the configuration comes from: how many settings each file and the environment set.

use std::collections::BTreeMap;

use loom_runtime::config::{Disk, Flags, SettingOrigin, effective};

use super::check::DoctorCheck;
use crate::cli::{CommandError, context::Context, writer_args::counted};

const NAME: &str = "origins";

/// The check that names the origins of all settings that are not defaults.
pub(super) fn check(context: &Context) -> DoctorCheck {
    let read = || effective(&context.inputs(Flags::default())?, &Disk).map_err(CommandError::from);
    let settings = match read() {
        Ok((_, settings)) => settings,
        Err(error) => return DoctorCheck::error(NAME, error),
    };
    let mut by_origin: BTreeMap<String, usize> = BTreeMap::new();
    for setting in &settings {
        let origin = match &setting.origin {
            SettingOrigin::Default => continue,
            SettingOrigin::Env(_) => "the environment".to_owned(),
            SettingOrigin::Flag(_) => "options".to_owned(),
            other => file_of(&other.to_string()),
        };
        *by_origin.entry(origin).or_default() += 1;
    }
    if by_origin.is_empty() {
        return DoctorCheck::ok(NAME, "every setting has its default");
    }
    let parts =
        by_origin.iter().map(|(origin, n)| format!("{} from {origin}", counted(*n, "setting")));
    DoctorCheck::ok(NAME, parts.collect::<Vec<_>>().join(", "))
}

/// The file of an origin such as `/srv/ada/loom.toml:3`.
fn file_of(origin: &str) -> String {
    let is_line = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b':');
    match origin.rsplit_once(':') {
        Some((file, line)) if !line.is_empty() && is_line(line) => file_of(file),
        _ => origin.to_owned(),
    }
}
