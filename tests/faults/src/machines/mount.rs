//! [`Mount`]: a file system that is mounted on a folder until it is dropped.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use crate::tally::Outcome;

/// Something that is mounted.
#[derive(Debug)]
pub(crate) struct Mount(PathBuf);

impl Mount {
    /// Mounts an empty file system in memory.
    pub(crate) fn memory(folder: &Path) -> Outcome<Self> {
        std::fs::create_dir_all(folder)?;
        mount(&["-t", "tmpfs", "-o", "size=256m,mode=0755", "none"], folder)?;
        Ok(Self(folder.to_owned()))
    }

    /// Makes a folder read-only.
    pub(crate) fn read_only(folder: &Path) -> Outcome<Self> {
        std::fs::create_dir_all(folder)?;
        mount(&["--bind".as_ref(), folder.as_os_str()], folder)?;
        let mounted = Self(folder.to_owned());
        mounted.change("bind,ro")?;
        Ok(mounted)
    }

    /// Mounts an overlay. The folders `upper` and `work` are made.
    pub(crate) fn overlay(lower: &Path, layers: &Path, folder: &Path) -> Outcome<Self> {
        for folder in [&layers.join("upper"), &layers.join("work"), folder] {
            std::fs::create_dir_all(folder)?;
        }
        let (lower, layers) = (lower.display(), layers.display());
        let options = format!("lowerdir={lower},upperdir={layers}/upper,workdir={layers}/work");
        let of_user = format!("{options},userxattr");
        mount(&["-t", "overlay", "-o", &options, "overlay"], folder)
            .or_else(|_| mount(&["-t", "overlay", "-o", &of_user, "overlay"], folder))?;
        Ok(Self(folder.to_owned()))
    }

    /// Changes the options.
    pub(crate) fn change(&self, options: &str) -> Outcome {
        mount(&["-o", &format!("remount,{options}")], &self.0)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // One that stays ends with the namespace.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

fn mount(arguments: &[impl AsRef<OsStr>], folder: &Path) -> Outcome {
    let output = Command::new("mount").args(arguments).arg(folder).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}
