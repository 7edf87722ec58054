"""The configuration of a project."""

import json
from pathlib import Path

import pytest

from conftest import TABLES
from loom import (
    Agent,
    BridgeConfig,
    DashboardConfig,
    HistoryConfig,
    LLMProviderConfig,
    MCPServerConfig,
    ProjectConfig,
    embedded,
    load_project_config,
)
from loom.errors import ConfigurationError


def write_tables(folder, *names):
    """Writes a `loom.toml` of the document's tables."""
    text = "\n".join((TABLES / f"{name}.toml").read_text() for name in names)
    (folder / "loom.toml").write_text(text)


def test_defaults():
    assert BridgeConfig() == BridgeConfig("127.0.0.1:50051", "full", "latest", 30)
    assert DashboardConfig() == DashboardConfig(True, 3030, "127.0.0.1")
    provider = LLMProviderConfig("deepseek", "http")
    assert (provider.api_key, provider.api_base, provider.model, provider.extra) == (None, None, None, {})
    assert (provider.max_tokens, provider.temperature, provider.timeout_sec) == (2048, 0.7, 30)
    assert MCPServerConfig("fs", "npx") == MCPServerConfig(name="fs", command="npx", args=[], env={})
    assert ProjectConfig() == ProjectConfig(None, "0.1.0", None, BridgeConfig(), DashboardConfig(), {}, {}, {})


def test_without_a_file_the_configuration_is_the_defaults(project):
    assert load_project_config() == ProjectConfig()
    assert ProjectConfig.load(Path("nonexistent.toml")) == ProjectConfig()


def test_load_does_not_search_the_parent_folders_of_a_missing_file(project):
    (project / "loom.toml").write_text('name = "other"')
    assert ProjectConfig.load(project / "sub" / "loom.toml") == ProjectConfig()


def test_tables_of_the_document_are_read(project, monkeypatch):
    monkeypatch.setenv("LOOM_TRUST_PROJECT", "1")
    write_tables(project, "basic", "llm", "mcp", "agents")
    config = ProjectConfig.load(project / "loom.toml")
    assert (config.name, config.version, config.description) == ("my-agent-project", "0.1.0", "My first Loom project")
    assert config.bridge == BridgeConfig()
    assert config.dashboard == DashboardConfig()
    deepseek = LLMProviderConfig(
        "deepseek", "http", "sk-xxxxx", "https://api.deepseek.com", "deepseek-chat", max_tokens=4096
    )
    local = LLMProviderConfig("local", "http", api_base="http://localhost:8000", model="qwen2.5")
    assert list(config.llm_providers.values()) == [deepseek, local]
    arguments = ["-y", "@modelcontextprotocol/server-brave-search"]
    search = MCPServerConfig("web-search", "npx", arguments, {"BRAVE_API_KEY": "YOUR_KEY_HERE"})
    assert config.mcp_servers["web-search"] == search
    assert set(config.mcp_servers) == {"web-search", "filesystem"}
    assert config.agents["planner"]["llm_provider"] == "deepseek"
    assert config.agents["data-agent"]["topics"] == ["market.price.BTC", "market.price.ETH"]


def test_repr_contains_no_secrets(project, monkeypatch):
    monkeypatch.setenv("LOOM_TRUST_PROJECT", "1")
    write_tables(project, "llm", "mcp")
    shown = repr(load_project_config())
    assert "deepseek-chat" in shown and "web-search" in shown
    assert "sk-xxxxx" not in shown and "YOUR_KEY_HERE" not in shown


def test_the_file_is_searched_for_in_parent_folders(project, monkeypatch):
    (project / "loom.toml").write_text('name = "above"')
    inner = project / "a" / "b"
    inner.mkdir(parents=True)
    assert load_project_config(inner).name == "above"
    monkeypatch.chdir(inner)
    assert load_project_config().name == "above"


def test_environment_overrides_file_and_file_overrides_defaults(project, monkeypatch):
    (project / "loom.toml").write_text('[bridge]\naddress = "127.0.0.1:7001"\n[dashboard]\nport = 7002\n')
    monkeypatch.setenv("LOOM_BRIDGE_ADDR", "127.0.0.1:7003")
    monkeypatch.setenv("LOOM_LLM_MODEL", "m")
    config = load_project_config()
    assert config.bridge.address == "127.0.0.1:7003"
    assert config.dashboard.port == 7002
    assert config.dashboard.host == "127.0.0.1"
    assert [provider.model for provider in config.llm_providers.values()] == ["m"]


def test_mcp_servers_of_the_environment_replace_those_of_the_file(project, monkeypatch):
    write_tables(project, "mcp")
    monkeypatch.setenv("LOOM_MCP_SERVERS", '[{"name": "x", "command": "c", "env": {"K": "v"}}]')
    config = load_project_config()
    assert config.mcp_servers == {"x": MCPServerConfig("x", "c", [], {"K": "v"})}
    # The project is not trusted, but no setting of the file would have an effect anyway.
    assert config.trusted
    monkeypatch.setenv("LOOM_MCP_SERVERS", "{")
    with pytest.raises(ConfigurationError, match="LOOM_MCP_SERVERS"):
        load_project_config()


def test_an_untrusted_project_is_read_and_not_acted_on(project, monkeypatch):
    monkeypatch.setenv("TOKEN", "of the user")
    text = '[bridge]\naddress = "10.0.0.1:1"\n[mcp.m]\ncommand = "c"\nargs = ["${TOKEN}"]\n'
    text += '[llm.l]\napi_base = "https://l.example/v1"\nmodel = "x"\n'
    (project / "loom.toml").write_text(text)
    for config in (load_project_config(), ProjectConfig.load("loom.toml")):
        assert not config.trusted
        assert config.bridge.address == "10.0.0.1:1"
        # Nothing of the environment gets into the values of an untrusted file.
        assert config.mcp_servers == {"m": MCPServerConfig("m", "c", ["${TOKEN}"], {})}
        assert config.llm_providers["l"].api_base == "https://l.example/v1"
    # An agent takes the address that has effect.
    assert Agent("a").address == "127.0.0.1:50051"
    monkeypatch.setenv("LOOM_TRUST_PROJECT", "1")
    config = load_project_config()
    assert config.trusted
    assert config.mcp_servers["m"].args == ["of the user"]


def test_errors_name_file_line_and_key(project):
    (project / "loom.toml").write_text('[bridge]\nadress = "127.0.0.1:1"\n')
    with pytest.raises(ConfigurationError, match="loom.toml:2: bridge.adress"):
        load_project_config()


def test_the_default_provider_is_first(project):
    (project / "loom.toml").write_text('[llm]\ndefault = "b"\n[llm.a]\nmodel = "1"\n[llm.b]\nmodel = "2"\n')
    config = load_project_config()
    assert list(config.llm_providers) == ["b", "a"]
    assert config.to_env_vars()["LOOM_LLM_MODEL"] == "2"


def test_to_env_vars_follows_changes_of_the_configuration():
    config = ProjectConfig()
    config.bridge.address = "127.0.0.1:9999"
    config.dashboard.port = 8080
    config.llm_providers["deepseek"] = LLMProviderConfig("deepseek", api_key="sk-test", model="deepseek-chat")
    env = config.to_env_vars()
    assert env["LOOM_BRIDGE_ADDR"] == "127.0.0.1:9999"
    assert (env["LOOM_DASHBOARD"], env["LOOM_DASHBOARD_PORT"]) == ("true", "8080")
    assert (env["LOOM_LLM_API_KEY"], env["LOOM_LLM_MODEL"]) == ("sk-test", "deepseek-chat")
    assert "LOOM_LLM_API_BASE" not in env
    config.dashboard.enabled = False
    assert config.to_env_vars()["LOOM_DASHBOARD"] == "false"


def test_to_env_vars_equals_the_environment_of_a_runtime(project, monkeypatch, process_environment):
    monkeypatch.setenv("LOOM_TRUST_PROJECT", "1")
    write_tables(project, "llm", "agents")
    with (project / "loom.toml").open("a") as file:
        file.write('[bridge]\naddress = "127.0.0.1:0"\n[dashboard]\nport = 0\n[llm.local.extra]\nkeep = true\n')
    env = load_project_config().to_env_vars()
    with embedded.start() as runtime:
        actual = process_environment(runtime.pid)
    for name, value in env.items():
        if value[:1] in "{[":
            assert json.loads(actual[name]) == json.loads(value), name
        elif "ADDR" in name or "PORT" in name:
            assert name in actual
        else:
            assert actual[name] == value, name


def test_history_contents_and_prices_are_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOM_TRUST_PROJECT", "1")
    file = tmp_path / "loom.toml"
    file.write_text("[history]\nfile = 'off'\nmax_age = '1h'\n[dashboard]\ncontent = 'off'\n[llm.d.price]\ninput = 2.5\n[llm.d.price.'m*']\noutput = 1\n")
    config = ProjectConfig.load(file)
    assert config.history == HistoryConfig("off", max_age="1h")
    assert config.llm_providers["d"].price == {"input": 2.5, "m*": {"output": 1.0}}
    env = config.to_env_vars()
    names = ["LOOM_HISTORY", "LOOM_HISTORY_MAX_AGE", "LOOM_DASHBOARD_CONTENT"]
    assert [env[name] for name in names] == ["off", "1h", "off"]
    assert "LOOM_HISTORY_MAX_SIZE" not in env and json.loads(env["LOOM_LLM_PROVIDERS"])["d"]["price"]["input"] == 2.5
    assert not any(name.startswith("LOOM_HISTORY") for name in ProjectConfig().to_env_vars())
