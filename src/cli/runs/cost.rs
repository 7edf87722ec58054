//! What a run costs, as text.

use serde_json::Value;

/// Below it, a cost has more digits.
const SMALL: f64 = 0.1;

/// The cost of a run in the currency of its prices; `None` where no price is known. It begins with `>=` where some spans
/// of models have no known price.
pub(super) fn cost(run: &Value) -> Option<String> {
    let cost = run.get("cost")?.as_f64()?;
    let is_partial = run.get("is_cost_partial").and_then(Value::as_bool).unwrap_or_default();
    let sign = if is_partial { ">=" } else { "" };
    let digits = if cost > 0.0 && cost < SMALL { 5 } else { 2 };
    Some(format!("{sign}{cost:.digits$}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cost_has_the_digits_that_matter() {
        for (run, expected) in [
            (json!({}), None),
            (json!({ "cost": null }), None),
            (json!({ "cost": 0.0, "is_cost_partial": false }), Some("0.00")),
            (json!({ "cost": 0.000_31 }), Some("0.00031")),
            (json!({ "cost": 12.345, "is_cost_partial": true }), Some(">=12.35")),
        ] {
            assert_eq!(cost(&run).as_deref(), expected, "{run}");
        }
    }
}
