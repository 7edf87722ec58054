//! What must be so after a fault.

use crate::{run::Looms, scenario::Scenario, tree_check, world::World};

/// Store and mirror verify, and every link leads to a complete tree.
pub(crate) fn intact(looms: &Looms, world: &World, scenario: &Scenario) -> Result<(), String> {
    (scenario.always)(world)?;
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
        Some(mirror) => {
            answers(looms, world, &format!("mirror verify ../{mirror}"), &[0]).map(drop)
        }
        None => Ok(()),
    }
}

/// All is as it must be after the command.
pub(crate) fn done(looms: &Looms, world: &World, scenario: &Scenario) -> Result<(), String> {
    (scenario.in_the_end)(world)?;
    scenario.after.iter().try_for_each(|(line, code, text)| {
        let printed = answers(looms, world, line, &[*code])?;
        let says = printed.contains(text);
        says.then_some(()).ok_or_else(|| format!("`loom {line}`: no {text:?} in {printed:?}"))
    })
}

/// Runs a line, which must end with one of these exit codes; returns what it printed.
fn answers(looms: &Looms, world: &World, line: &str, codes: &[i32]) -> Result<String, String> {
    let run = world.line(looms, line).map_err(|error| error.to_string())?;
    match run.code {
        Some(code) if codes.contains(&code) => Ok(run.out),
        _ => Err(format!("then `loom {line}`: {run}")),
    }
}
