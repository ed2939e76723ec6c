/** Structured log. Takes names and numbers; a record, a value or a foreign error's text has no place in it. */
export interface Log {
  readonly debug: (fields: LogFields, message: string) => void
  readonly info: (fields: LogFields, message: string) => void
  readonly warn: (fields: LogFields, message: string) => void
  readonly error: (fields: LogFields, message: string) => void
}

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined | readonly string[]>>
