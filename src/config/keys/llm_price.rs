//! `[llm.<name>.price]`: the prices of tokens.

use std::collections::BTreeMap;

use loom_environment::{LlmPrice, LlmPriceTable};

use crate::config::{
    Setting, any_key::keys, key::SettingKey, key_row::TableRow, layers::Layers,
    trust_rule::TrustRule, types::Price,
};

/// `[llm.<name>.price]`
pub(crate) const TABLE: TableRow = TableRow::new(
    &["llm", "<name>", "price"],
    "The price of one million tokens of the provider's models, in your currency: runs show what they cost.",
);

/// `[llm.<name>.price.<model>]`
pub(crate) const MODEL: TableRow = TableRow::new(
    &["llm", "<name>", "price", "<model>"],
    "The price of one million tokens of a model that has another one. In its name, * stands for any text; the name with \
     the most other characters counts.",
);

keys! {
    /// The price of one million tokens of prompts.
    INPUT: Option<Price> = SettingKey::new(&["llm", "<name>", "price", "input"], || None)
        .example("2.5")
        .trust(TrustRule::Trusted);

    /// The price of one million tokens of answers.
    OUTPUT: Option<Price> = SettingKey::new(&["llm", "<name>", "price", "output"], || None)
        .example("10")
        .trust(TrustRule::Trusted);

    /// The price of one million tokens of prompts of this model.
    MODEL_INPUT: Option<Price> =
        SettingKey::new(&["llm", "<name>", "price", "<model>", "input"], || None)
            .example("0.15")
            .trust(TrustRule::Trusted);

    /// The price of one million tokens of answers of this model.
    MODEL_OUTPUT: Option<Price> =
        SettingKey::new(&["llm", "<name>", "price", "<model>", "output"], || None)
            .example("0.6")
            .trust(TrustRule::Trusted);
}

/// The prices of a provider.
pub(super) fn resolve(layers: &mut Layers<'_>, provider: &str) -> LlmPriceTable {
    let all = LlmPrice {
        input: number(INPUT.resolve(layers, &[provider])),
        output: number(OUTPUT.resolve(layers, &[provider])),
    };
    let mut models = BTreeMap::new();
    for row in [MODEL_INPUT.row(), MODEL_OUTPUT.row()] {
        for model in layers.names_below(row, &[provider]) {
            models.insert(model, LlmPrice::default());
        }
    }
    for (model, price) in &mut models {
        let names = [provider, model.as_str()];
        price.input = number(MODEL_INPUT.resolve(layers, &names));
        price.output = number(MODEL_OUTPUT.resolve(layers, &names));
    }
    LlmPriceTable { all, models }
}

fn number(setting: Setting<Option<Price>>) -> Option<f64> {
    setting.value.map(|Price(number)| number)
}
