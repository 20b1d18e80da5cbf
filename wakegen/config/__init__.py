"""Level 1: what a run was told, from the command line, the environment, files and defaults.

`load_settings` gives frozen `Settings`; `to_yaml` writes them back whole; `data_hash` names the data they decide.
"""

from wakegen.config.engines import Known, automatic_shares, choose_engines
from wakegen.config.load import load_settings, parse_assignment, user_config_path
from wakegen.config.schema import keys
from wakegen.config.settings import EngineChoice, Settings
from wakegen.config.write import data_hash, explain, to_plain, to_yaml, value_of

__all__ = [
    "EngineChoice",
    "Known",
    "Settings",
    "automatic_shares",
    "choose_engines",
    "data_hash",
    "explain",
    "keys",
    "load_settings",
    "parse_assignment",
    "to_plain",
    "to_yaml",
    "user_config_path",
    "value_of",
]
