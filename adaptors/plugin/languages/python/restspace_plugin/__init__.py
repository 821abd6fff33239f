"""Makes a storage adaptor of a restspace server out of an object with four methods.

    from restspace_plugin import serve
    from store import Store

    serve(Store())

README.md tells what each method is given and returns.
"""
from .config import Key
from .document import Body, Condition, Document, Entry
from .errors import (BadKey, BrokenBody, Busy, ConditionFailed, ConfigFault, Exists, Full, NotExist,
                     PluginError, ReadOnly, Unsupported)
from .names import escape_name, position, position_after, unescape_name
from .process import serve

__all__ = [
    'BadKey', 'Body', 'BrokenBody', 'Busy', 'Condition', 'ConditionFailed', 'ConfigFault', 'Document', 'Entry',
    'Exists', 'Full', 'Key', 'NotExist', 'PluginError', 'ReadOnly', 'Unsupported', 'escape_name', 'position',
    'position_after', 'serve', 'unescape_name',
]
