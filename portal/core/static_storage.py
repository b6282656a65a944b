from servestatic.storage import CompressedManifestStaticFilesStorage


class ModuleStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Modules that import each other by relative paths find each other's hashed names, as style sheets do.

    So all modules of one page are of one release, and may be cached for ever.
    """

    support_js_module_import_aggregation = True
