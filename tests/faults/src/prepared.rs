//! The world in which a scenario begins.

use std::{fs, path::PathBuf};

use crate::{
    archives::{self, Packed},
    run::Looms,
    scenario::Scenario,
    tally::Outcome,
    world::World,
};

impl World {
    /// Makes the world in which a scenario begins.
    pub(crate) fn prepare(root: PathBuf, scenario: &Scenario, looms: &Looms) -> Outcome<Self> {
        let world = Self::at(root);
        for folder in ["home", "project", "plain", "zips", "zsts"] {
            fs::create_dir_all(world.path(folder))?;
        }
        for version in ["0.1.0", "0.2.0", "0.3.0"] {
            archives::write(&world.path("plain"), version, "linux-x86_64", Packed::TarGz)?;
        }
        archives::write(&world.path("plain"), "0.1.0", "linux-aarch64", Packed::TarGz)?;
        archives::write(&world.path("zips"), "0.1.0", "linux-x86_64", Packed::Zip)?;
        archives::write(&world.path("zsts"), "0.1.0", "linux-x86_64", Packed::TarZst)?;
        fs::write(world.path("project/loom.toml"), "version = \"0.1\"\n")?;
        world.configure("")?;
        (scenario.setup)(&world)?;
        for line in &scenario.before {
            let run = world.line(looms, line)?;
            if run.code != Some(0) {
                return Err(format!("{}: {line}: {run}", scenario.name).into());
            }
        }
        (scenario.damage)(&world)?;
        Ok(world)
    }

    /// Writes the user's configuration: a source for commands without `--source`, and more lines.
    pub(crate) fn configure(&self, more: &str) -> Outcome {
        let folder = self.path("home/.config/loom");
        fs::create_dir_all(&folder)?;
        let url = format!("file://{}", self.path("plain").display());
        let text = format!("{more}[[sources]]\ntype = \"mirror\"\nurl = \"{url}\"\n");
        Ok(fs::write(folder.join("config.toml"), text)?)
    }
}
