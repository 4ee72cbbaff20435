"""Pure parts, stores and content: real SQLite in tmp_path, fakes instead of mocks."""
