//! [`Trial`]: a scenario on one kind of machine.

use crate::{
    run::{Looms, Run},
    scenario::Scenario,
    survival,
    world::{Area, World},
};

/// A scenario on one kind of machine.
#[derive(Debug)]
pub(super) struct Trial<'a> {
    pub(super) looms: &'a Looms,
    pub(super) scenario: &'a Scenario,
    pub(super) area: &'a Area,
    pub(super) template: &'a World,
    pub(super) every: usize,
    pub(super) offset: usize,
}

impl Trial<'_> {
    /// The command may fail on such a machine, with a message and one of the documented codes; what is there stays
    /// complete. Answers whether it succeeded.
    pub(super) fn runs(&self, world: &World) -> Result<Run, String> {
        let run = world.line(self.looms, self.scenario.command).map_err(|e| e.to_string())?;
        run.untyped().map_or(Ok(()), Err)?;
        survival::intact(self.looms, world, self.scenario)
            .map_err(|why| format!("{why} after {run}"))?;
        Ok(run)
    }

    /// On a sound machine, the next command completes.
    pub(super) fn completes(&self, world: &World) -> Result<(), String> {
        survival::complete(self.looms, world, self.scenario)
    }
}
