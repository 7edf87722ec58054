//! The prices of tokens: the table `[llm.<name>.price]` within `LOOM_LLM_PROVIDERS`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The price of one million tokens, in the currency of the user. What is `None` costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct LlmPrice {
    /// Of prompts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<f64>,
    /// Of answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<f64>,
}

/// The prices of a provider: `{"input": 2.5, "output": 10, "<model>": {"input": …, "output": …}}`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LlmPriceTable {
    /// That of every model without one of its own.
    #[serde(flatten)]
    pub all: LlmPrice,
    /// Those of models by name; `*` stands for any text.
    #[serde(flatten)]
    pub models: BTreeMap<String, LlmPrice>,
}

/// The highest price of a million tokens: what is above is a mistake.
pub const HIGHEST_PRICE: f64 = 1_000_000.0;

impl LlmPrice {
    /// Whether neither part is set.
    pub fn is_empty(&self) -> bool {
        self.input.is_none() && self.output.is_none()
    }

    fn is_valid(&self) -> bool {
        let is_price = |price: f64| (0.0..=HIGHEST_PRICE).contains(&price);
        [self.input, self.output].into_iter().flatten().all(is_price)
    }
}

impl LlmPriceTable {
    /// Whether no price is set.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.models.values().all(LlmPrice::is_empty)
    }

    /// Whether all prices are from 0 to [`HIGHEST_PRICE`].
    pub fn is_valid(&self) -> bool {
        self.all.is_valid() && self.models.values().all(LlmPrice::is_valid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_survive_a_round_trip() {
        let text = r#"{"input":2.5,"output":10.0,"gpt-4o*":{"input":1.0},"o1":{"output":60.0}}"#;
        let table: LlmPriceTable = serde_json::from_str(text).unwrap();
        assert_eq!((table.all.input, table.models["o1"].output), (Some(2.5), Some(60.0)));
        assert_eq!(table.models["gpt-4o*"], LlmPrice { input: Some(1.0), output: None });
        assert_eq!(serde_json::to_string(&table).unwrap(), text);
        assert!(table.is_valid() && !table.is_empty());
        assert!(LlmPriceTable::default().is_empty());
    }

    #[test]
    fn a_price_has_limits() {
        for (text, is_valid) in [
            (r#"{"input": 0}"#, true),
            (r#"{"input": -1}"#, false),
            (r#"{"m": {"output": 1e9}}"#, false),
        ] {
            let table: LlmPriceTable = serde_json::from_str(text).unwrap();
            assert_eq!(table.is_valid(), is_valid, "{text}");
        }
        assert!(serde_json::from_str::<LlmPriceTable>(r#"{"input": "free"}"#).is_err());
        assert!(serde_json::from_str::<LlmPriceTable>(r#"{"m": 3}"#).is_err());
    }
}
