//! The options of `loom restart` for each difference.

use super::*;

#[test]
fn each_difference_has_the_options_that_switch_to_it() {
    let address = |running: &str, requested: &str| Difference::Address {
        port: RuntimePort::Bridge,
        running: running.to_owned(),
        requested: requested.to_owned(),
    };
    for (difference, expected) in [
        (address("h:0", "h:7"), Some("--bridge-port 7")),
        (address("h:7", "i:7"), None),
        (address("h:7", "i:8"), Some("--bridge-port 8")),
        (
            Difference::DashboardOn { requested: "h:0".to_owned() },
            Some("--mode full --dashboard-port 0"),
        ),
        (Difference::DashboardOff, Some("--mode bridge-only")),
        (Difference::Build, None),
        (Difference::Variable("LOOM_LLM_MODEL".to_owned()), None),
    ] {
        assert_eq!(restart_options(&difference).as_deref(), expected, "{difference:?}");
    }
}
