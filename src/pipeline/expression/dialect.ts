/**
 * How the text of an expression is read. `hive`: double quotes are strings, backslash escapes, names without regard to
 * case, `/` makes a double. `trino`: double quotes are names, no escapes, names without regard to case. `scrim`, our own:
 * as `trino`, but names are compared exactly and LIKE knows the backslash, as Postgres does.
 */
export type Dialect = 'hive' | 'trino' | 'scrim'

export const dialects: readonly Dialect[] = ['hive', 'trino', 'scrim']
