//! What must be so after a fault.

use crate::{run::Looms, scenario::Scenario, tree_check, world::World};

/// Store and mirror verify, and every link leads to a complete tree.
pub(crate) fn intact(looms: &Looms, world: &World, scenario: &Scenario) -> Result<(), String> {
    if !scenario.is_damaged {
        tree_check::links(&world.cache())?;
    }
    if world.cache().join("format").exists() && !scenario.is_damaged {
        answers(looms, world, "store verify", &[0])?;
    }
    if let Some(mirror) = scenario.mirror
        && world.path(mirror).join("releases/index.json").exists()
    {
        answers(looms, world, &format!("mirror verify ../{mirror}"), &[0])?;
    }
    Ok(())
}

/// The next command completes, and then all is as if there had been no fault.
pub(crate) fn complete(looms: &Looms, world: &World, scenario: &Scenario) -> Result<(), String> {
    let (line, codes) = scenario.next;
    answers(looms, world, line, codes)?;
    done(looms, world, scenario)?;
    tree_check::links(&world.cache())?;
    if world.cache().join("format").exists() {
        answers(looms, world, "store verify", &[0])?;
    }
    match scenario.mirror {
        Some(mirror) => answers(looms, world, &format!("mirror verify ../{mirror}"), &[0]),
        None => Ok(()),
    }
}

/// All is as it must be after the command.
pub(crate) fn done(looms: &Looms, world: &World, scenario: &Scenario) -> Result<(), String> {
    scenario.after.iter().try_for_each(|(line, code)| answers(looms, world, line, &[*code]))
}

fn answers(looms: &Looms, world: &World, line: &str, codes: &[i32]) -> Result<(), String> {
    let run = world.line(looms, line).map_err(|error| error.to_string())?;
    match run.code {
        Some(code) if codes.contains(&code) => Ok(()),
        _ => Err(format!("then `loom {line}`: {run}")),
    }
}
