//! Where the history of runs is kept, and how much of it.

use std::collections::BTreeMap;

use loom_environment::{
    ContentPolicy, HistoryAge, HistoryChoice, HistorySize, LlmPrice, LlmPriceTable, LlmTables,
    names,
};
use loom_history::{ModelPrices, TokenPrice};

use super::reader::{SettingsError, VariableReader};
use crate::spans::budget::EVENTS_PER_SECOND;

/// Where the history is kept, and how much of it.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryPlan {
    /// Where it is kept.
    pub choice: HistoryChoice,
    /// How large its file may grow.
    pub max_size: HistorySize,
    /// The age after which runs are removed.
    pub max_age: HistoryAge,
    /// The rows, and the spans of events, that are stored in one second.
    pub rows_per_second: u32,
    /// Whether payloads, arguments, results and messages are kept and shown.
    pub content: bool,
    /// The prices of tokens by the name of the provider.
    pub prices: BTreeMap<String, ModelPrices>,
}

/// Reads the choice. Where none is made, a server with a dashboard has a history in memory, and one without has none.
///
/// `is_local` says whether both bridge and dashboard are reached from this machine alone: then content is kept unless it
/// is turned off, since no one else can read it.
pub(super) fn read(
    reader: &VariableReader<'_>,
    has_dashboard: bool,
    is_local: bool,
) -> Result<HistoryPlan, SettingsError> {
    let choice = match reader.raw(names::HISTORY) {
        None if has_dashboard => HistoryChoice::Memory,
        None => HistoryChoice::Off,
        Some(value) => HistoryChoice::of(value),
    };
    let content = reader.parse::<ContentPolicy>(names::DASHBOARD_CONTENT)?.unwrap_or_default();
    let rows = reader.parse(names::HISTORY_ROWS_PER_SECOND)?;
    let tables: LlmTables = reader.json(names::LLM_PROVIDERS)?.unwrap_or_default();
    let tables = tables.providers.into_iter();
    let prices = tables.filter_map(|(name, table)| Some((name, model_prices(table.price?))));
    Ok(HistoryPlan {
        choice,
        max_size: reader.parse(names::HISTORY_MAX_SIZE)?.unwrap_or(HistorySize::DEFAULT),
        max_age: reader.parse(names::HISTORY_MAX_AGE)?.unwrap_or(HistoryAge::DEFAULT),
        rows_per_second: rows.unwrap_or(EVENTS_PER_SECOND),
        content: content.keeps(is_local),
        prices: prices.collect(),
    })
}

fn model_prices(table: LlmPriceTable) -> ModelPrices {
    let models = table.models.into_iter();
    let models = models.filter_map(|(pattern, price)| Some((pattern, token_price(price)?)));
    ModelPrices { all: token_price(table.all), models: models.collect() }
}

/// What is not set costs nothing; `None` where nothing is set.
fn token_price(price: LlmPrice) -> Option<TokenPrice> {
    let part = |part: Option<f64>| part.unwrap_or_default();
    (!price.is_empty()).then(|| TokenPrice { input: part(price.input), output: part(price.output) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(variables: &[(&str, &str)]) -> Result<HistoryPlan, SettingsError> {
        let environment =
            variables.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        read(&VariableReader::new(&environment), true, true)
    }

    #[test]
    fn the_defaults_are_those_of_the_history() {
        let plan = plan(&[]).unwrap();
        let file = loom_history::HistorySettings::file("x");
        assert_eq!((plan.max_size.0.0, plan.max_age.0), (file.bytes, file.age));
        assert_eq!(plan.rows_per_second, file.rows_per_second);
        assert_eq!(HistorySize::SMALLEST.0, loom_history::SMALLEST_BYTES);
        assert_eq!((plan.choice, plan.content), (HistoryChoice::Memory, true));
    }

    #[test]
    fn each_figure_has_its_variable() {
        let plan = plan(&[
            (names::HISTORY, "/h.db"),
            (names::HISTORY_MAX_SIZE, "3MiB"),
            (names::HISTORY_MAX_AGE, "12h"),
            (names::HISTORY_ROWS_PER_SECOND, "0"),
            (names::DASHBOARD_CONTENT, "off"),
        ]);
        let plan = plan.unwrap();
        assert_eq!(plan.choice, HistoryChoice::File("/h.db".into()));
        assert_eq!((plan.max_size.0.0, plan.max_age.0.as_secs()), (3 << 20, 43_200));
        assert_eq!((plan.rows_per_second, plan.content), (0, false));
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        for (variable, value) in [
            (names::HISTORY_MAX_SIZE, "1MiB"),
            (names::HISTORY_MAX_AGE, "0s"),
            (names::HISTORY_ROWS_PER_SECOND, "-1"),
            (names::DASHBOARD_CONTENT, "some"),
            (names::LLM_PROVIDERS, r#"{"a": {"price": {"input": -1}}}"#),
        ] {
            assert_eq!(plan(&[(variable, value)]).unwrap_err().variable(), variable);
        }
    }

    #[test]
    fn prices_come_from_the_tables_of_the_providers() {
        let tables = r#"{"a": {"price": {"input": 2, "m*": {"output": 4}}}, "b": {}}"#;
        let plan = plan(&[(names::LLM_PROVIDERS, tables)]).unwrap();
        let all = Some(TokenPrice { input: 2.0, output: 0.0 });
        let models = [("m*".to_owned(), TokenPrice { input: 0.0, output: 4.0 })].into();
        assert_eq!(plan.prices, BTreeMap::from([("a".to_owned(), ModelPrices { all, models })]));
    }
}
