//! [`DeployedProject`]: what a project is deployed from.

use crate::cli::{
    CommandError,
    context::Context,
    locked,
    report::{deploy, lock},
};
use loom_runtime::{
    config::{Disk, Flags, Resolved, project_alone},
    deploy::{DeployRecord, Deployment, RenderedFile, render},
    lock::{LockFile, LockedBinary},
};

/// The project's file and its lock. Neither the environment nor any other file takes part, so that everybody renders the
/// same.
pub(super) struct DeployedProject {
    resolved: Resolved,
    locked: Option<LockedBinary>,
}

impl DeployedProject {
    /// The project of the current folder.
    pub(super) fn of(context: &Context) -> Result<Self, CommandError> {
        let resolved = project_alone(&context.inputs(Flags::default())?, &Disk)?;
        let resolved = resolved.ok_or_else(deploy::no_project)?;
        let path = resolved.project.lock_file();
        let file = path.as_deref().map(LockFile::read).transpose()?.flatten();
        let locked = match file {
            Some(file) => locked_binary(&resolved, &file)?,
            None => None,
        };
        Ok(Self { resolved, locked })
    }

    /// What `record` renders: all files, with the record itself.
    pub(super) fn files(
        &self,
        record: DeployRecord,
    ) -> Result<(Deployment, Vec<RenderedFile>), CommandError> {
        let locked = self.locked.as_ref();
        let (deployment, mut files) =
            render(&self.resolved, locked, record.target, &record.options)?;
        let paths = files.iter().map(|file| file.path.clone()).collect();
        files.push(DeployRecord { files: paths, ..record }.file());
        Ok((deployment, files))
    }
}

/// The locked release of the project's runtime, which has to be the one that the project requests.
fn locked_binary(
    resolved: &Resolved,
    file: &LockFile,
) -> Result<Option<LockedBinary>, CommandError> {
    let Some(binary) = file.lock.binary(&resolved.authority.value, &resolved.binary.value) else {
        return Ok(None);
    };
    let (requested, by) = locked::project_request(resolved);
    let checked = binary.check_request(&requested, &by);
    checked.map_err(|conflict| lock::conflict(&file.path, &conflict))?;
    Ok(Some(binary.clone()))
}
