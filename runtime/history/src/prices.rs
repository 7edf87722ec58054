//! The prices of tokens.

use std::collections::BTreeMap;

/// The price of one million tokens, in the currency of the user.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TokenPrice {
    /// Of prompts.
    pub input: f64,
    /// Of answers.
    pub output: f64,
}

/// The prices of the models of a provider.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelPrices {
    /// That of every model without one of its own.
    pub all: Option<TokenPrice>,
    /// Those of models by name; `*` stands for any text.
    pub models: BTreeMap<String, TokenPrice>,
}

impl TokenPrice {
    /// The price of one request; `None` where the number of tokens is not known that it depends on.
    pub fn cost(self, input_tokens: Option<u64>, output_tokens: Option<u64>) -> Option<f64> {
        let part = |price: f64, tokens: Option<u64>| match tokens {
            Some(tokens) => Some(price * tokens as f64),
            None => (price == 0.0).then_some(0.0),
        };
        if input_tokens.is_none() && output_tokens.is_none() {
            return None;
        }
        Some((part(self.input, input_tokens)? + part(self.output, output_tokens)?) / 1e6)
    }
}

impl ModelPrices {
    /// The price of a model: that of the name with the most characters besides `*` that matches it, else that of all.
    ///
    /// # Examples
    /// ```
    /// use loom_history::{ModelPrices, TokenPrice};
    ///
    /// let price = |input| TokenPrice { input, output: 0.0 };
    /// let models = [("big*".to_owned(), price(5.0)), ("big-mini".to_owned(), price(1.0))];
    /// let prices = ModelPrices { all: Some(price(2.0)), models: models.into() };
    /// assert_eq!(prices.of(Some("big-mini")), Some(price(1.0)));
    /// assert_eq!(prices.of(Some("big-2026")), Some(price(5.0)));
    /// assert_eq!(prices.of(None), Some(price(2.0)));
    /// ```
    pub fn of(&self, model: Option<&str>) -> Option<TokenPrice> {
        let matching =
            self.models.iter().filter(|(name, _)| model.is_some_and(|m| matches(name, m)));
        let closest = matching.max_by_key(|(name, _)| name.bytes().filter(|b| *b != b'*').count());
        closest.map(|(_, price)| *price).or(self.all)
    }
}

/// Whether a name, in which `*` stands for any text, matches another.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_per_million() {
        let price = TokenPrice { input: 3.0, output: 15.0 };
        assert_eq!(price.cost(Some(1_000_000), Some(2_000_000)), Some(33.0));
        assert_eq!(price.cost(Some(0), Some(0)), Some(0.0));
    }

    #[test]
    fn what_costs_something_must_be_counted() {
        let both = TokenPrice { input: 1.0, output: 1.0 };
        assert_eq!((both.cost(Some(1), None), both.cost(None, Some(1))), (None, None));
        let prompts = TokenPrice { input: 1.0, output: 0.0 };
        assert_eq!(prompts.cost(Some(500_000), None), Some(0.5));
        assert_eq!(prompts.cost(None, None), None);
    }

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, name, expected) in [
            ("gpt-4o", "gpt-4o", true),
            ("gpt-4o", "gpt-4o-mini", false),
            ("gpt-4o*", "gpt-4o-mini", true),
            ("*mini", "gpt-4o-mini", true),
            ("gpt-*-mini", "gpt-4o-mini", true),
            ("gpt-*-mini", "gpt-mini", false),
            ("*4o*mini*", "gpt-4o-mini", true),
            ("*", "", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
