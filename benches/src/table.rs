//! Prints the figures, with ratios to the first contender.

use crate::rounds::RunCosts;

/// Prints the best times, each beside that of the first contender.
pub(crate) fn best(title: &str, costs: &[RunCosts]) {
    println!("\n{title}\n  {:42} {:>9} {:>7}", "", "wall ms", "ratio");
    for cost in costs {
        let ratio = cost.best() / costs[0].best();
        println!("  {:42} {:9.3} {:6.2}x", cost.name, cost.best() * 1e3, ratio);
    }
}

/// Prints medians and peaks, each beside those of the first contender.
pub(crate) fn medians(title: &str, costs: &[RunCosts]) {
    let head = ["wall s", "ratio", "CPU s", "ratio", "peak MiB"];
    println!("\n{title}\n  {:42} {}", "", head.map(|word| format!("{word:>8}")).join(" "));
    for cost in costs {
        let (wall, cpu, peak) = (cost.wall(), cost.cpu(), cost.peak());
        let (walls, cpus) = (wall / costs[0].wall(), cpu / costs[0].cpu());
        println!("  {:42} {wall:8.3} {walls:7.2}x {cpu:8.3} {cpus:7.2}x {peak:8.1}", cost.name);
    }
}
