/** What a plugin of Ranger downloads, each by itself. */
export const rangerDownloads = ['roles', 'users', 'tags', 'policies'] as const
export type RangerDownload = (typeof rangerDownloads)[number]

export type RangerJson = Readonly<Record<string, unknown>>

/** `same`: as of the version that was named. `unknown`: there is no such service, or it has nothing of this kind. */
export type RangerAnswer =
  | { readonly kind: 'changed'; readonly json: RangerJson }
  | { readonly kind: 'same' }
  | { readonly kind: 'unknown' }

export interface RangerKnown {
  /** The number that the last download of this kind had; -1: whatever is there is wanted. */
  readonly version: number
  /** When policies of the service came in force here, in milliseconds; 0: never. */
  readonly activatedAt: number
}

/** A Ranger Admin. Rejects with RANGER_UNAVAILABLE, RANGER_NOT_AUTHORISED or RANGER_ANSWER. */
export interface RangerAdmin {
  readonly download: (
    what: RangerDownload,
    service: string,
    known: RangerKnown,
    signal: AbortSignal,
  ) => Promise<RangerAnswer>
}

/** The last downloads as files of Ranger's own names. A damaged file counts as none. */
export interface RangerCache {
  /** Null: there is none of its policies. */
  readonly load: (service: string) => Promise<RangerDownloads | null>
  readonly save: (service: string, what: RangerDownload, json: RangerJson) => Promise<void>
  /** Puts the files of a service aside that is gone. */
  readonly forget: (service: string) => Promise<void>
}

export type RangerDownloads = { readonly policies: RangerJson } & {
  readonly [K in Exclude<RangerDownload, 'policies'>]?: RangerJson
}
