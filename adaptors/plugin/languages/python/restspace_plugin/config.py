"""The config of a mount."""
import json
from dataclasses import dataclass
from typing import Any

from .errors import ConfigFault


@dataclass
class Key:
    """A key of the config: what it takes is a type of JSON in Python."""
    type: type
    required: bool = False
    default: Any = None
    doc: str = 'it'


_WANTED = {str: 'a string', int: 'a whole number', float: 'a number', bool: 'true or false', list: 'a list', dict: 'an object'}


def _found(value) -> str:
    return {str: 'a string', int: 'a number', float: 'a number', list: 'a list', dict: 'an object'}.get(type(value), json.dumps(value))


def _fits(value, wanted) -> bool:
    return type(value) is wanted or wanted is float and type(value) is int


def decode(text: bytes, keys: dict):
    """Returns a config with its defaults, and what is wrong with it."""
    config, faults = json.loads(text or b'{}'), []
    if not isinstance(config, dict):
        return {}, [ConfigFault('', f'this is {_found(config)}: write an object')]
    for name, value in config.items():
        pointer = '/' + name.replace('~', '~0').replace('/', '~1')
        if name not in keys:
            choice = 'the keys are ' + ', '.join(sorted(keys)) if keys else 'leave it out'
            faults.append(ConfigFault(pointer, f'unknown key "{name}": {choice}'))
        elif not _fits(value, keys[name].type):
            faults.append(ConfigFault(pointer, f'this is {_found(value)}: write {_WANTED[keys[name].type]}'))
    for name, key in keys.items():
        if key.required and name not in config:
            faults.append(ConfigFault('', f'there is no "{name}": write {key.doc}'))
    return {**{name: key.default for name, key in keys.items()}, **config}, faults
